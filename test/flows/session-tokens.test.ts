// Tokens of one session of a user: a sign-in that keeps them by a key, and what the user's other sessions have is not touched.
// proves: core/src/exchange/session-tokens.ts, core/src/client/used-sign-ins.ts, core/src/exchange/same-user.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createMemoryTokenStore,
  type AccountInfo,
  type AuthCodeFlowOptions,
  type ConfidentialClientApplication,
  type UseOnce,
} from "@tessera/node";
import { startEntra, type Entra } from "../support/entra.js";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { signIn } from "../support/sign-in.js";

let provider: FakeProvider;
let entra: Entra;
beforeAll(async () => {
  [provider, entra] = await Promise.all([startFakeProvider(), startEntra()]);
});
afterAll(() => Promise.all([provider.close(), entra.close()]));
beforeEach(() => {
  provider.reset();
  const metadata = provider.metadata({ end_session_endpoint: `${provider.url}/logout` });
  provider.answers.discovery = () => ({ body: metadata });
});

const scopes = ["api:read"];
const redirectUri = "https://app.example/signed-in";
const noTokens = { name: "InteractionRequiredAuthError", errorCode: "no_tokens_found" };

/** Signs in at the scripted provider, which says what it is told to say. */
async function signedIn(
  app: ConfidentialClientApplication,
  options: AuthCodeFlowOptions,
  token = "an-access-token",
  claims: object = {},
) {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri });
  provider.answers.token = () => ({
    body: provider.tokens(
      { access_token: token, refresh_token: `refresh ${token}` },
      { claims: { nonce: flow.nonce, ...claims } },
    ),
  });
  const finish = () => app.acquireTokenByAuthCodeFlow(flow, { code: "the-code", state: flow.state }, options);
  return { flow, finish, result: await finish() };
}

describe("a session", () => {
  test("has its own tokens, which another session of the user and the user's account do not see", async () => {
    const app = provider.confidential();
    const { result } = await signedIn(app, { sessionKey: "laptop" }, "laptop");
    await signedIn(app, { sessionKey: "phone" }, "phone");
    expect(result.account).toMatchObject({ homeAccountId: "user-1" });
    for (const sessionKey of ["laptop", "phone"])
      expect(await app.acquireTokenOnBehalfOf({ scopes, sessionKey })).toMatchObject({
        accessToken: sessionKey,
        fromCache: true,
        account: { homeAccountId: "user-1" },
      });
    // The user is known, and has no tokens of its own.
    const [account] = await app.getAllAccounts();
    await expect(app.acquireTokenSilent({ scopes, account: account as AccountInfo })).rejects.toMatchObject(
      noTokens,
    );
    await app.endOnBehalfOfSession("laptop");
    await expect(app.acquireTokenOnBehalfOf({ scopes, sessionKey: "laptop" })).rejects.toMatchObject(
      noTokens,
    );
    expect(await app.acquireTokenOnBehalfOf({ scopes, sessionKey: "phone" })).toMatchObject({
      accessToken: "phone",
    });
  });

  test("is renewed with its own refresh token, in any process that shares the store", async () => {
    const store = createMemoryTokenStore();
    await signedIn(provider.confidential({ cache: { store } }), { sessionKey: "laptop" }, "laptop");
    await signedIn(provider.confidential({ cache: { store } }), { sessionKey: "phone" }, "phone");
    provider.clock.advance(4000);
    const sent: unknown[] = [];
    provider.answers.token = ({ form }) => {
      sent.push(form["refresh_token"]);
      return { body: provider.tokens({ access_token: "renewed" }, { claims: { nonce: undefined } }) };
    };
    const other = provider.confidential({ cache: { store } });
    expect(await other.acquireTokenOnBehalfOf({ scopes, sessionKey: "laptop" })).toMatchObject({
      accessToken: "renewed",
    });
    expect(sent).toEqual(["refresh laptop"]);
  });

  test("refuses refreshed tokens of another user", async () => {
    const app = provider.confidential();
    await signedIn(app, { sessionKey: "laptop" });
    provider.clock.advance(4000);
    provider.answers.token = () => ({
      body: provider.tokens({}, { claims: { nonce: undefined, sub: "user-2" } }),
    });
    await expect(app.acquireTokenOnBehalfOf({ scopes, sessionKey: "laptop" })).rejects.toMatchObject({
      errorCode: "invalid_id_token",
    });
  });

  test("ends at the provider with its own ID token", async () => {
    const app = provider.confidential();
    for (const sid of ["laptop", "phone"]) await signedIn(app, { sessionKey: sid }, sid, { sid });
    const url = await app.buildEndSessionUrl({
      sessionKey: "laptop",
      postLogoutRedirectUri: "https://app.example/",
    });
    const hint = new URL(url).searchParams.get("id_token_hint") ?? "";
    expect(JSON.parse(Buffer.from(hint.split(".")[1] ?? "", "base64url").toString())).toMatchObject({
      sid: "laptop",
    });
    const unknown = await app.buildEndSessionUrl({ sessionKey: "tablet" });
    expect(new URL(unknown).searchParams.has("id_token_hint")).toBe(false);
  });

  test("is one at Entra as well: renewed, for other scopes, and ended", async () => {
    const app = entra.confidential();
    const uri = "http://localhost:3000/signed-in";
    const flow = await app.initiateAuthCodeFlow({ scopes: ["User.Read"], redirectUri: uri });
    const [user] = entra.authority.config.tenants[0]?.users ?? [];
    const answer = await signIn(flow.authUrl, {
      username: user?.username ?? "",
      password: user?.password ?? "",
      ca: entra.authority.caPem,
    });
    const signed = await app.acquireTokenByAuthCodeFlow(flow, answer, { sessionKey: "laptop" });
    const known = { homeAccountId: signed.account?.homeAccountId, username: user?.username };
    entra.clock.advance(4000);
    const ask = (over: object = {}) =>
      app.acquireTokenOnBehalfOf({ scopes: ["User.Read"], sessionKey: "laptop", ...over });
    expect(await ask()).toMatchObject({ fromCache: false, account: known });
    expect(await ask({ scopes: ["Mail.Read"] })).toMatchObject({ account: known });
    const url = new URL(await app.buildEndSessionUrl({ sessionKey: "laptop" }));
    expect(url.searchParams.get("id_token_hint")?.split(".")).toHaveLength(3);
    await app.endOnBehalfOfSession("laptop");
    await expect(ask()).rejects.toMatchObject(noTokens);
  });
});

describe("a record of all processes", () => {
  const shared = (): { readonly useOnce: UseOnce; readonly seen: Map<string, number> } => {
    const seen = new Map<string, number>();
    const useOnce: UseOnce = async (key, seconds) => {
      if (seen.has(key)) return false;
      seen.set(key, seconds);
      return true;
    };
    return { useOnce, seen };
  };

  test("lets one process complete a sign-in", async () => {
    const { useOnce, seen } = shared();
    const { flow } = await signedIn(provider.confidential(), { useOnce });
    expect([...seen]).toEqual([[flow.state, 3600]]);
    const other = provider.confidential();
    const again = other.acquireTokenByAuthCodeFlow(
      flow,
      { code: "the-code", state: flow.state },
      { useOnce },
    );
    await expect(again).rejects.toMatchObject({ errorCode: "invalid_state" });
    expect(provider.count("token")).toBe(1);
  });

  test("that cannot be asked refuses: the flow counts as used", async () => {
    const useOnce = async (): Promise<boolean> => {
      throw new Error("the database is away");
    };
    await expect(signedIn(provider.confidential(), { useOnce })).rejects.toThrow("the database is away");
    expect(provider.count("token")).toBe(0);
  });

  test.each([
    ["sessionKey", { sessionKey: "" }],
    ["useOnce", { useOnce: true as unknown as UseOnce }],
  ])("a %s of another kind is refused", async (name, options) => {
    await expect(signedIn(provider.confidential(), options)).rejects.toMatchObject({
      errorCode: "invalid_option",
      message: expect.stringContaining(name),
    });
  });
});
