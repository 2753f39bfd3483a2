// Tessera at `oidc-provider`, a certified OpenID Provider that nobody here wrote.
// proves: core/src/dialect/openid.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, ProtocolMode, type NodeAuthOptions } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { applicationAt, daemonAt, scopes, signInAt, type ClientName } from "../support/oidc-applications.js";
import { ACCESS_TOKEN_LIFETIME, startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const basic = { clientMetadata: { token_endpoint_auth_method: "client_secret_basic" } };
const post = { clientMetadata: { token_endpoint_auth_method: "client_secret_post" } };
const hs256 = { clientMetadata: { ...basic.clientMetadata, id_token_signed_response_alg: "HS256" } };

let provider: OpenIdProvider;
let realm: OpenIdProvider;
let clock: TestClock;

beforeAll(async () => {
  provider = await startOpenIdProvider();
  realm = await startOpenIdProvider({ path: "/realms/Main", basicOnly: true });
});
afterAll(() => Promise.all([provider.close(), realm.close()]));
beforeEach(() => {
  clock = createTestClock();
  provider.clearRequests();
  realm.clearRequests();
});
afterEach(() => {
  const names = [provider, realm].flatMap(({ requests }) =>
    requests.flatMap(({ form, query, headers }) => Object.keys({ ...form, ...query, ...headers })),
  );
  const entraOnly =
    /^(client_info|clidata|x-client-|x-app-|x-ms-|x-anchormailbox|client-request-id|claims$)/i;
  expect(names.filter((name) => entraOnly.test(name))).toEqual([]);
});

describe.each<{
  title: string;
  name: ClientName;
  over?: Partial<NodeAuthOptions>;
  proof: string;
  at?: "realm";
}>([
  { title: "a public client", name: "publicClient", proof: "nothing" },
  {
    title: "a client registered for posting its secret",
    name: "post",
    over: post,
    proof: "a posted secret",
  },
  { title: "a client that does not name its method", name: "basic", proof: "HTTP Basic" },
  {
    title: "a client whose ID tokens are signed with its secret",
    name: "hs256",
    over: hs256,
    proof: "HTTP Basic",
  },
  {
    title: "a public client of a realm with capital letters",
    name: "publicClient",
    at: "realm",
    proof: "nothing",
  },
  {
    title: "a client at a provider that lists only HTTP Basic",
    name: "post",
    at: "realm",
    proof: "HTTP Basic",
  },
])("$title", ({ name, over, proof, at }) => {
  const here = () => (at === "realm" ? realm : provider);

  it(`signs a user in, proving itself with ${proof}, and verifies the ID token`, async () => {
    const app = applicationAt(here(), clock, name, over);
    const result = await signInAt(here(), app);
    expect(result).toMatchObject({
      fromCache: false,
      tokenType: "Bearer",
      scopes: expect.arrayContaining(scopes),
    });
    expect(result.account).toMatchObject({ homeAccountId: "olga@example.org", username: "olga@example.org" });
    expect(result.idTokenClaims).toMatchObject({ iss: here().url, sub: "olga@example.org" });
    const [request] = here().tokenRequests();
    const sent = request?.headers.authorization
      ? "HTTP Basic"
      : request?.form["client_secret"]
        ? "a posted secret"
        : "nothing";
    expect(sent).toBe(proof);
    expect(here().requests.filter(({ path }) => path === "/jwks")).toHaveLength(name === "hs256" ? 0 : 1);
  });

  it("has the token in the cache the second time, also after a restart", async () => {
    const app = applicationAt(here(), clock, name, over);
    const account = accountOf(await signInAt(here(), app));
    here().clearRequests();
    const again = await app.acquireTokenSilent({ scopes, account });
    expect(again).toMatchObject({ fromCache: true, account: { username: "olga@example.org" } });
    const restarted = applicationAt(here(), clock, name, over);
    restarted.getTokenCache().deserialize(app.getTokenCache().serialize());
    const [known] = await restarted.getAllAccounts();
    expect(known).toMatchObject({ homeAccountId: account.homeAccountId, username: account.username });
    expect(await restarted.acquireTokenSilent({ scopes, account: known ?? account })).toMatchObject({
      fromCache: true,
      accessToken: again.accessToken,
    });
    expect(here().requests).toEqual([]);
  });

  it("renews an expired token with one request for a hundred calls, and keeps the rotated refresh token", async () => {
    const app = applicationAt(here(), clock, name, over);
    const account = accountOf(await signInAt(here(), app));
    for (const round of [1, 2]) {
      clock.advance(ACCESS_TOKEN_LIFETIME);
      const calls = Array.from({ length: 100 }, () => app.acquireTokenSilent({ scopes, account }));
      const tokens = (await Promise.all(calls)).map(({ accessToken }) => accessToken);
      expect(new Set(tokens).size).toBe(1);
      expect(here().tokenRequests()).toHaveLength(1 + round);
      expect((await app.acquireTokenSilent({ scopes, account })).fromCache).toBe(true);
    }
    const sent = here()
      .tokenRequests()
      .flatMap(({ form }) => form["refresh_token"] ?? []);
    expect(new Set(sent).size).toBe(2);
    expect(
      here()
        .tokenRequests()
        .map(({ status }) => status),
    ).toEqual([200, 200, 200]);
  });
});

describe("at a certified OpenID Provider", () => {
  it("is the same whether named by oidcAuthority, or by authority and ProtocolMode.OIDC", async () => {
    const { daemon: auth } = provider.clients;
    const system = { clock, protocolMode: ProtocolMode.OIDC };
    const app = new ConfidentialClientApplication({ auth: { ...auth, authority: provider.url }, system });
    const result = await app.acquireTokenByClientCredential({ scopes: ["reports:read"] });
    expect(result).toMatchObject({ authority: `${provider.url}/`, scopes: ["reports:read"], account: null });
    const other = daemonAt(provider, clock);
    other.getTokenCache().deserialize(app.getTokenCache().serialize());
    const again = await other.acquireTokenByClientCredential({ scopes: ["reports:read"] });
    expect(again).toMatchObject({ fromCache: true, accessToken: result.accessToken });
  });

  it.each(["a provider without path", "a realm"])(
    "gives %s's app token once for a hundred calls, then from the cache",
    async (place) => {
      const at = place === "a realm" ? realm : provider;
      const app = daemonAt(at, clock);
      const ask = () => app.acquireTokenByClientCredential({ scopes: ["reports:read"] });
      const results = await Promise.all(Array.from({ length: 100 }, ask));
      expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
      expect((await ask()).fromCache).toBe(true);
      expect(at.requests.map(({ path }) => path)).toEqual(["/.well-known/openid-configuration", "/token"]);
      await app.acquireTokenByClientCredential({ scopes: ["reports:write"] });
      expect(at.tokenRequests()).toHaveLength(2);
    },
  );

  it("takes over a refresh token from another library", async () => {
    const first = applicationAt(provider, clock, "post");
    await signInAt(provider, first);
    const [kept] = Object.values<{ secret: string }>(
      JSON.parse(first.getTokenCache().serialize()).RefreshToken,
    );
    const refreshToken = kept?.secret ?? "";
    const app = applicationAt(provider, clock, "post");
    const result = await app.acquireTokenByRefreshToken({ scopes, refreshToken, forceCache: true });
    expect(await app.acquireTokenSilent({ scopes, account: accountOf(result) })).toMatchObject({
      fromCache: true,
    });
  });

  it("knows its users, and forgets one without a trace", async () => {
    const app = applicationAt(provider, clock, "publicClient");
    const account = accountOf(await signInAt(provider, app));
    expect(await app.getAllAccounts()).toEqual([expect.objectContaining({ username: "olga@example.org" })]);
    expect(await app.getAccountByHomeId(account.homeAccountId)).toMatchObject({
      username: "olga@example.org",
    });
    expect(await app.getAccountByLocalId(account.localAccountId)).toMatchObject({
      username: "olga@example.org",
    });
    await app.removeAccount(account);
    expect(await app.getAllAccounts()).toEqual([]);
    expect(app.getTokenCache().serialize()).not.toContain("olga@example.org");
    await expect(app.acquireTokenSilent({ scopes, account })).rejects.toMatchObject({
      errorCode: "no_tokens_found",
    });
  });
});
