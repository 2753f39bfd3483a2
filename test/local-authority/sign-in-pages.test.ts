// proves: local-authority/src/endpoints/authorize.ts, local-authority/src/endpoints/login.ts,
// local-authority/src/http/cookies.ts, local-authority/src/http/redirect-uris.ts,
// local-authority/src/pages/form-post.ts, local-authority/src/pages/layout.ts,
// local-authority/src/pages/sign-in.ts, local-authority/src/sign-in/authorization-request.ts,
// local-authority/src/sign-in/authorization-response.ts, local-authority/src/sign-in/interaction.ts,
// local-authority/src/sign-in/sign-in-flow.ts, local-authority/src/stores/pending-requests.ts,
// local-authority/src/stores/sessions.ts, local-authority/src/stores/sign-in-request.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { createHash } from "node:crypto";
import { createBrowser } from "../support/browser.js";
import { signIn } from "../support/sign-in.js";
import { get, post } from "./requests.js";

const redirectUri = "http://localhost:3000/auth/callback";

let authority: LocalAuthority;
let tenant: Tenant;
let web: App;
let desktop: App;
let consentApp: App;
let alice: User;
let bob: User;
let carol: User;

beforeAll(async () => {
  authority = await startLocalAuthority({
    tenants: [
      { domain: "contoso.example", apps: [{ clientId: "exact", redirectUris: ["https://app.example/cb"] }] },
    ],
  });
  [tenant] = authority.config.tenants as [Tenant];
  [web, desktop, consentApp] = tenant.apps as [App, App, App];
  [alice, bob, carol] = tenant.users as [User, User, User];
});
afterAll(() => authority.close());

function authorizePath(parameters: Record<string, string> = {}, segment = tenant.id): string {
  const query = new URLSearchParams({
    client_id: desktop.clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    scope: "openid profile User.Read",
    state: "state-1",
    ...parameters,
  });
  return `/${segment}/oauth2/v2.0/authorize?${query.toString()}`;
}
const authorizeUrl = (parameters?: Record<string, string>, segment?: string) =>
  authority.url + authorizePath(parameters, segment);
const asUser = (user: User) => ({ username: user.username, password: user.password, ca: authority.caPem });
const isReturn = (url: string) => url.startsWith(redirectUri);
const openBrowser = () => createBrowser({ ca: authority.caPem });

describe("sign-in page", () => {
  it("can be used by everyone: language, landmark, heading, labels, focus, and no script or foreign asset", async () => {
    const { text, headers } = await get(authority, authorizePath());
    expect(text).toMatch(/<html lang="en">/);
    expect(text).toMatch(/<title>Sign in<\/title>/);
    expect(text).toMatch(/<main>[\s\S]*<h1>Sign in<\/h1>/);
    for (const field of ["username", "password"]) {
      expect(text).toMatch(new RegExp(`<label for="${field}">`));
      expect(text).toMatch(new RegExp(`<input\\s+id="${field}"`));
    }
    expect(text.match(/autofocus/g)).toHaveLength(1);
    expect(text).not.toMatch(/<script|src=|https?:\/\//);
    expect(headers["content-security-policy"]).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers["cache-control"]).toBe("no-store");
  });

  it("has a policy that lets through its own style and script, byte for byte", async () => {
    const { text, headers } = await get(
      authority,
      authorizePath({ response_mode: "form_post", prompt: "none" }),
    );
    for (const tag of ["style", "script"]) {
      const content = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(text)?.[1] ?? "";
      const hash = createHash("sha256").update(content).digest("base64");
      expect(headers["content-security-policy"]).toContain(`${tag}-src 'sha256-${hash}'`);
    }
  });

  it("escapes what comes from outside", async () => {
    const { text } = await get(authority, authorizePath({ login_hint: `"><img src=x onerror=alert(1)>` }));
    expect(text).not.toContain("<img");
    expect(text).toContain("&quot;&gt;&lt;img");
  });

  it("fills in the account from the login hint and puts the focus on the password", async () => {
    const page = await openBrowser().open(authorizeUrl({ login_hint: bob.username }));
    expect(page.forms[0]?.fields).toContainEqual({ name: "username", type: "email", value: bob.username });
    expect(page.html).toMatch(/id="password"[\s\S]*?autofocus/);
  });

  it.each([
    ["a wrong password", () => ({ ...asUser(alice), password: "wrong" }), /incorrect.*AADSTS50126/],
    ["an unknown account", () => ({ ...asUser(alice), username: "nobody@contoso.example" }), /AADSTS50034/],
    ["a disabled account", () => asUser(carol), /disabled.*AADSTS50057/],
    [
      "an account of another tenant",
      () => asUser(authority.config.tenants[1]?.users[0] as User),
      /AADSTS50020/,
    ],
  ])("announces %s, and lets the user try again", async (_, user, message) => {
    const browser = openBrowser();
    await expect(signIn(authorizeUrl(), { ...user(), browser })).rejects.toThrow(message);
    const page = await browser.open(authorizeUrl());
    const form = page.forms[0];
    if (form === undefined) throw new Error("no form");
    const { username, password } = user();
    const again = await browser.submit(form, { username, password }, isReturn);
    expect(again.html).toMatch(/role="alert" id="error"/);
    expect(again.html).toMatch(/aria-describedby="error"/);
    const retry = again.forms[0];
    if (retry === undefined) throw new Error("no form");
    const right = await browser.submit(
      retry,
      { username: alice.username, password: alice.password },
      isReturn,
    );
    expect(new URL(right.url).searchParams.get("code")).toBeTruthy();
  });

  it("takes its form from no other browser, and only once", async () => {
    const browser = openBrowser();
    const form = (await browser.open(authorizeUrl())).forms[0];
    if (form === undefined) throw new Error("no form");
    const values = { username: alice.username, password: alice.password };
    const foreign = await openBrowser().submit(form, values, isReturn);
    expect(foreign.status).toBe(400);
    expect(foreign.alert).toMatch(/AADSTS90013/);
    expect((await browser.submit(form, values, isReturn)).left).toBe(true);
    expect((await browser.submit(form, values, isReturn)).status).toBe(400);
  });

  it("sets cookies that scripts and other sites do not get", async () => {
    const { headers } = await get(authority, authorizePath());
    expect(headers["set-cookie"]).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });
});

describe("session", () => {
  const open = (browser: ReturnType<typeof openBrowser>, parameters: Record<string, string>) =>
    browser.open(authorizeUrl(parameters), isReturn);

  it("answers without a page, unless the app or the time asks for one", async () => {
    const browser = openBrowser();
    await signIn(authorizeUrl(), { ...asUser(alice), browser });
    const silent: Record<string, string>[] = [
      {},
      { prompt: "none" },
      { login_hint: alice.username },
      { max_age: "100" },
    ];
    for (const parameters of silent) expect((await open(browser, parameters)).left).toBe(true);
    const shown: Record<string, string>[] = [
      { prompt: "login" },
      { prompt: "select_account" },
      { login_hint: bob.username },
    ];
    for (const parameters of shown) expect((await open(browser, parameters)).left).toBe(false);
    authority.advanceClock(101);
    expect((await open(browser, { max_age: "100" })).left).toBe(false);
    authority.advanceClock(authority.config.lifetimes.session);
    expect((await open(browser, {})).left).toBe(false);
  });

  // parity: Signing in | `prompt=none` without a session fails with `login_required` | entra same, external same
  it("answers prompt=none with login_required when nobody, or somebody else, is signed in", async () => {
    const browser = openBrowser();
    const nobody = new URL((await open(browser, { prompt: "none" })).url).searchParams;
    expect(nobody.get("error")).toBe("login_required");
    expect(nobody.get("error_description")).toMatch(/^AADSTS50058: /);
    expect(nobody.get("state")).toBe("state-1");
    await signIn(authorizeUrl(), { ...asUser(alice), browser });
    const other = new URL((await open(browser, { prompt: "none", login_hint: bob.username })).url)
      .searchParams;
    expect(other.get("error")).toBe("login_required");
  });

  // parity: Endpoints | Signing out ends the session and returns to a registered address | entra same, external same
  it("ends with sign-out, which goes on to a registered address only", async () => {
    const browser = openBrowser();
    await signIn(authorizeUrl(), { ...asUser(alice), browser });
    const logout = `${authority.authorityUrl()}/oauth2/v2.0/logout`;
    const target = encodeURIComponent("http://localhost:3000/bye");
    const left = await browser.open(`${logout}?post_logout_redirect_uri=${target}&state=s`, (url) =>
      url.includes("/bye"),
    );
    expect(left.url).toBe("http://localhost:3000/bye?state=s");
    expect((await open(browser, { prompt: "none" })).url).toContain("login_required");
    const foreign = await browser.open(`${logout}?post_logout_redirect_uri=https%3A%2F%2Fevil.example`);
    expect(foreign.text).toContain("You signed out");
  });
});

describe("consent page", () => {
  const asked = (parameters: Record<string, string> = {}) =>
    authorizeUrl({ client_id: consentApp.clientId, ...parameters });

  // parity: Signing in | Consent is asked for once, and can be declined | entra same
  it("lists what the app wants, and once the user has accepted it is not shown again", async () => {
    const browser = openBrowser();
    const form = (await browser.open(asked())).forms[0];
    if (form === undefined) throw new Error("no form");
    const page = await browser.submit(form, { username: bob.username, password: bob.password }, isReturn);
    expect(page.text).toContain("Contoso Consent would like to");
    expect(page.text).toContain("User.Read");
    const before = await browser.open(asked({ prompt: "none" }), isReturn);
    expect(new URL(before.url).searchParams.get("error")).toBe("consent_required");
    const answer = await signIn(asked(), { ...asUser(bob), browser });
    expect(answer.searchParams.get("code")).toBeTruthy();
    expect((await browser.open(asked(), isReturn)).left).toBe(true);
    expect((await browser.open(asked({ prompt: "consent" }), isReturn)).left).toBe(false);
    expect((await browser.open(asked({ scope: "openid Mail.Read" }), isReturn)).left).toBe(false);
  });

  it("tells the app when the user declines", async () => {
    const answer = await signIn(asked(), { ...asUser(alice), consent: "cancel" });
    expect(Object.fromEntries(answer.searchParams)).toMatchObject({
      error: "access_denied",
      error_subcode: "cancel",
      error_description: expect.stringMatching(/^AADSTS65004: /),
      state: "state-1",
    });
  });
});

describe("answer", () => {
  // parity: Signing in | The response as query, fragment or form | entra same, external same
  it.each([
    ["the query", "query", (url: URL) => url.searchParams],
    ["the fragment", "fragment", (url: URL) => new URLSearchParams(url.hash.slice(1))],
    ["a form that posts itself", "form_post", (url: URL) => url.searchParams],
  ])("comes in %s", async (_, mode, read) => {
    const url = authorizeUrl({ response_mode: mode, client_info: "1" });
    const answer = read(await signIn(url, asUser(alice)));
    expect(answer.get("code")).toBeTruthy();
    expect(answer.get("state")).toBe("state-1");
    expect(JSON.parse(Buffer.from(answer.get("client_info") ?? "", "base64url").toString())).toEqual({
      uid: alice.oid,
      utid: tenant.id,
    });
  });

  it("as a form carries a script that its policy names, and a button for browsers without scripts", async () => {
    const { text, headers } = await get(
      authority,
      authorizePath({ response_mode: "form_post", prompt: "none" }),
    );
    expect(text).toContain('<button type="submit">Continue</button>');
    expect(text).toContain('name="error" value="login_required"');
    expect(headers["content-security-policy"]).toContain("script-src 'sha256-");
  });

  it.each([
    ["another response type", { response_type: "token" }, "unsupported_response_type", 700054],
    ["no scope", { scope: "" }, "invalid_request", 900144],
    ["a malformed scope", { scope: "https://" }, "invalid_scope", 70011],
    [
      "an unknown challenge method",
      { code_challenge: "a".repeat(43), code_challenge_method: "S512" },
      "invalid_request",
      50149,
    ],
    [
      "a challenge of the wrong size",
      { code_challenge: "short", code_challenge_method: "S256" },
      "invalid_request",
      501491,
    ],
    ["an unknown prompt", { prompt: "please" }, "invalid_request", 90013],
    ["claims that are not JSON", { claims: "[]" }, "invalid_request", 9002313],
  ])("to %s is an error sent to the app", async (_, parameters, error, code) => {
    const page = await openBrowser().open(authorizeUrl(parameters), isReturn);
    const answer = new URL(page.url).searchParams;
    expect(answer.get("error")).toBe(error);
    expect(answer.get("error_description")).toMatch(new RegExp(`^AADSTS${code}: `));
    expect(answer.get("state")).toBe("state-1");
  });
});

describe("what must not be redirected is shown", () => {
  it.each([
    ["an unregistered address", { redirect_uri: "https://evil.example/cb" }, "AADSTS50011"],
    [
      "a prefix of a registered address",
      { client_id: "exact", redirect_uri: "https://app.example/cb/../x" },
      "AADSTS50011",
    ],
    ["an address in disguise", { redirect_uri: "http://localhost@evil.example/" }, "AADSTS50011"],
    [
      "a host that only begins like localhost",
      { redirect_uri: "http://localhost.evil.example/" },
      "AADSTS50011",
    ],
    ["an unknown app", { client_id: "nobody" }, "AADSTS700016"],
  ])("%s", async (_, parameters, code) => {
    const { status, text, headers } = await get(authority, authorizePath(parameters));
    expect(status).toBe(400);
    expect(headers["location"]).toBeUndefined();
    expect(headers["content-type"]).toContain("text/html");
    expect(text).toContain(code);
    expect(text).toContain('role="alert"');
  });

  it("an unknown tenant, and common for an app of one tenant", async () => {
    expect((await get(authority, authorizePath({}, "unknown.example"))).text).toContain("AADSTS90002");
    expect((await get(authority, authorizePath({ client_id: web.clientId }, "common"))).text).toContain(
      "AADSTS50194",
    );
  });
});

describe("registered redirect URIs", () => {
  // parity: Signing in | Registered redirect URIs are exact: here a trailing `/*` matches any path | entra differs
  it.each([
    "http://localhost",
    "http://localhost/",
    "http://localhost:1234",
    "http://127.0.0.1:8080/any/path?x=1",
  ])("%s is taken for the default apps", async (uri) => {
    expect((await get(authority, authorizePath({ redirect_uri: uri }))).status).toBe(200);
  });

  it("takes the request as a form too (OpenID Connect Core §3.1.2.1)", async () => {
    const [path = "", query] = authorizePath().split("?");
    const answer = await post(authority, path, Object.fromEntries(new URLSearchParams(query)));
    expect(answer.text).toContain("<h1>Sign in</h1>");
  });
});
