// proves: local-authority/src/endpoints/consent.ts, local-authority/src/endpoints/logout.ts,
// local-authority/src/endpoints/select-account.ts, local-authority/src/pages/accounts.ts,
// local-authority/src/pages/consent.ts, local-authority/src/pages/notice.ts,
// local-authority/src/sign-in/account-choice.ts, local-authority/src/stores/consents.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { createHash } from "node:crypto";
import { createBrowser, type Browser, type Page } from "../support/browser.js";
import { signIn } from "../support/sign-in.js";
import { post } from "./requests.js";

const redirectUri = "http://localhost:3000/auth/callback";
const isReturn = (url: string) => url.startsWith(redirectUri);

let authority: LocalAuthority;
let tenant: Tenant;
let desktop: App;
let consentApp: App;
let alice: User;
let bob: User;
let browser: Browser;

beforeAll(async () => {
  authority = await startLocalAuthority({
    tenants: [
      {
        domain: "contoso.example",
        users: [{ username: "mfa@contoso.example", multiFactor: true }],
        federation: { domain: "corp.contoso.example" },
      },
    ],
  });
  [tenant] = authority.config.tenants as [Tenant];
  [, desktop, consentApp] = tenant.apps as [App, App, App];
  [alice, bob] = tenant.users as [User, User];
});
afterAll(() => authority.close());
beforeEach(() => {
  browser = createBrowser({ ca: authority.caPem });
});

function authorizeUrl(parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams({
    client_id: desktop.clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid profile User.Read",
    state: "state-1",
    ...parameters,
  });
  return `${authority.authorityUrl()}/oauth2/v2.0/authorize?${query.toString()}`;
}
const open = (parameters?: Record<string, string>) => browser.open(authorizeUrl(parameters), isReturn);

function send(page: Page, values: Record<string, string>): Promise<Page> {
  const [form] = page.forms;
  if (form === undefined) throw new Error(`no form on ${page.text}`);
  return browser.submit(form, values, isReturn);
}
const credentials = ({ username, password }: Pick<User, "username" | "password">) => ({ username, password });
const login = (user: User, parameters: Record<string, string> = { prompt: "login" }) =>
  open(parameters).then((page) => send(page, credentials(user)));
/** Picks by what is written on the button. */
function pick(page: Page, text: string): Promise<Page> {
  const button = page.forms[0]?.buttons.find((candidate) => candidate.text.includes(text));
  if (button === undefined) throw new Error(`no button ${text} on ${page.text}`);
  return send(page, { [button.name]: button.value });
}
const answerOf = ({ url }: Page) => new URL(url).searchParams;

async function idTokenOf(code: string | null): Promise<ReturnType<typeof decodeJwt>> {
  const { json } = await post(authority, `/${tenant.id}/oauth2/v2.0/token`, {
    grant_type: "authorization_code",
    client_id: desktop.clientId,
    redirect_uri: redirectUri,
    code: code ?? "",
  });
  return decodeJwt(String(json["id_token"]));
}

describe("several accounts in one browser", () => {
  // parity: Signing in | Several accounts in one browser, with a page to pick one | entra same
  it("are offered, the last one first, and the picked one comes back", async () => {
    await login(alice);
    await login(bob);
    const page = await open();
    expect(page.text).toContain("Pick an account");
    expect(page.forms[0]?.buttons.map(({ text }) => text)).toEqual([
      `${bob.name} ${bob.username}`,
      `${alice.name} ${alice.username}`,
      "Use another account",
    ]);
    const answer = answerOf(await pick(page, alice.username));
    expect(await idTokenOf(answer.get("code"))).toMatchObject({ preferred_username: alice.username });
  });

  // parity: Signing in | `login_hint`, `sid` and `domain_hint` choose the account | entra same
  it("are told apart by login_hint, sid and domain_hint", async () => {
    const sid = answerOf(await login(alice)).get("session_state") ?? "";
    const grace = tenant.federation?.users[0] as User;
    await login(grace);
    const hints: Record<string, string>[] = [
      { login_hint: alice.username },
      { sid },
      { domain_hint: tenant.domain },
    ];
    for (const hint of hints) {
      const answer = answerOf(await open({ prompt: "none", ...hint }));
      expect(await idTokenOf(answer.get("code"))).toMatchObject({ oid: alice.oid });
    }
    const federated = answerOf(await open({ prompt: "none", domain_hint: "corp.contoso.example" }));
    expect(await idTokenOf(federated.get("code"))).toMatchObject({ oid: grace.oid });
  });

  // parity: Signing in | `prompt=none` fails with `interaction_required` (AADSTS16000) if several accounts match | entra same
  it("leave prompt=none without an answer", async () => {
    await login(alice);
    await login(bob);
    const answer = answerOf(await open({ prompt: "none" }));
    expect(answer.get("error")).toBe("interaction_required");
    expect(answer.get("error_description")).toMatch(/^AADSTS16000: /);
  });

  it("are one after a new sign-in of the same user, and none after sign-out", async () => {
    await login(alice);
    await login(alice);
    expect(answerOf(await open({ prompt: "none" })).get("code")).toBeTruthy();
    await browser.open(`${authority.authorityUrl()}/oauth2/v2.0/logout`);
    expect(answerOf(await open({ prompt: "none" })).get("error")).toBe("login_required");
  });
});

describe("prompt", () => {
  // parity: Signing in | `prompt`: `select_account`, `login`, `consent`, `create`, `none` | entra same
  it("select_account offers even the only one, and another", async () => {
    await login(alice);
    const page = await open({ prompt: "select_account" });
    const other = await pick(page, "Use another account");
    expect(other.forms[0]?.fields).toContainEqual({ name: "username", type: "email", value: "" });
    const answer = answerOf(await send(other, credentials(bob)));
    expect(await idTokenOf(answer.get("code"))).toMatchObject({ oid: bob.oid });
  });

  it("select_account asks for the password of an account that is too old for max_age", async () => {
    await login(alice);
    authority.advanceClock(61);
    const page = await pick(await open({ prompt: "select_account", max_age: "60" }), alice.username);
    expect(page.html).toContain(`value="${alice.username}"`);
    expect((await send(page, credentials(alice))).left).toBe(true);
  });

  it("login asks again, and the time of the sign-in is the new one", async () => {
    const first = await idTokenOf(answerOf(await login(alice, { max_age: "600" })).get("code"));
    authority.advanceClock(60);
    const again = answerOf(await login(alice, { prompt: "login", max_age: "600" }));
    const second = await idTokenOf(again.get("code"));
    expect(Number(second["auth_time"]) - Number(first["auth_time"])).toBeGreaterThanOrEqual(60);
  });

  it("consent asks even where consent is not needed", async () => {
    await login(alice);
    const page = await open({ prompt: "consent" });
    expect(page.text).toContain("Permissions requested");
    expect(answerOf(await send(page, { decision: "accept" })).get("code")).toBeTruthy();
  });

  // parity: Signing in | Users sign up on a page (`prompt=create`, a sign-up user flow): a page says that accounts are configured | entra differs, b2c differs, external differs
  it("create explains where accounts come from, and leads on or back", async () => {
    const page = await open({ prompt: "create" });
    expect(page.text).toContain("Accounts of the local authority are defined in its configuration");
    const signInPage = await pick(page, "Sign in");
    expect((await send(signInPage, credentials(alice))).left).toBe(true);
    const back = answerOf(await pick(await open({ prompt: "create" }), "Cancel"));
    expect(back.get("error")).toBe("access_denied");
  });
});

describe("the age of a sign-in", () => {
  it("is in the ID token when max_age, or the claims parameter, asks for it", async () => {
    expect(await idTokenOf(answerOf(await login(alice)).get("code"))).not.toHaveProperty("auth_time");
    const claims = JSON.stringify({ id_token: { auth_time: { essential: true } } });
    for (const parameters of [{ claims }, { max_age: "600" }] as Record<string, string>[]) {
      const answer = answerOf(await open(parameters));
      expect(await idTokenOf(answer.get("code"))).toHaveProperty("auth_time", expect.any(Number));
    }
  });

  it("of zero means a new sign-in every time", async () => {
    await login(alice);
    expect((await open({ max_age: "0" })).left).toBe(false);
    expect(answerOf(await open({ max_age: "0", prompt: "none" })).get("error")).toBe("login_required");
  });
});

describe("a user who needs a second factor", () => {
  // parity: Signing in | A second factor is one button instead of a phone | entra differs
  it("approves every sign-in, and the session remembers it", async () => {
    const user = tenant.users.find(({ multiFactor }) => multiFactor) as User;
    const page = await login(user);
    expect(page.text).toContain("Verify your identity");
    expect((await send(page, { decision: "accept" })).left).toBe(true);
    expect(answerOf(await open({ prompt: "none" })).get("code")).toBeTruthy();
    expect((await login(user)).text).toContain("Verify your identity");
    const declined = await send(await login(user), { decision: "cancel" });
    expect(answerOf(declined).get("error_description")).toMatch(/^AADSTS500121: /);
  });
});

describe("a federated user", () => {
  const hints: Record<string, string>[] = [
    { login_hint: "grace@corp.contoso.example" },
    { domain_hint: "corp.contoso.example" },
  ];
  // parity: Signing in | A federated user is sent to AD FS: the authority's own page stands in for it | entra differs
  it.each(hints)("is shown whose page this stands for: %o", async (hint) => {
    const page = await open(hint);
    expect(page.text).toContain("corp.contoso.example is a federated domain");
    const answer = answerOf(
      await send(page, { username: "grace@corp.contoso.example", password: "grace-password" }),
    );
    expect(answer.get("code")).toBeTruthy();
  });
});

describe("the hybrid flow", () => {
  const hybrid = { response_type: "code id_token", nonce: "n-1" };

  // parity: Signing in | The hybrid flow: `code id_token` with `c_hash` | entra same
  it.each(["fragment", "form_post"])("ties the ID token to the code: %s", async (mode) => {
    const url = authorizeUrl({ ...hybrid, response_mode: mode, max_age: "600" });
    const { hash, searchParams } = await signIn(url, { ...alice, ca: authority.caPem });
    const answer = mode === "fragment" ? new URLSearchParams(hash.slice(1)) : searchParams;
    const code = answer.get("code") ?? "";
    const half = createHash("sha256").update(code).digest().subarray(0, 16).toString("base64url");
    expect(decodeJwt(answer.get("id_token") ?? "")).toMatchObject({
      aud: desktop.clientId,
      nonce: "n-1",
      c_hash: half,
      auth_time: expect.any(Number),
    });
    expect(await idTokenOf(code)).toMatchObject({ nonce: "n-1" });
  });

  it.each([
    ["without a nonce", { nonce: "" }, 900144],
    ["without openid", { scope: "User.Read" }, 70011],
    ["in the query", { response_mode: "query" }, 90013],
  ])("is refused %s", async (_, parameters, code) => {
    const page = await open({ ...hybrid, ...parameters });
    const answer = page.url.includes("#")
      ? new URLSearchParams(new URL(page.url).hash.slice(1))
      : answerOf(page);
    expect(answer.get("error_description")).toMatch(new RegExp(`^AADSTS${code}: `));
  });
});

it("asks for consent with the account picker in front", async () => {
  await login(alice);
  await login(bob);
  const page = await pick(await open({ client_id: consentApp.clientId }), bob.username);
  expect(page.text).toContain("Permissions requested");
  expect(page.text).toContain(`Signed in as ${bob.username}`);
});
