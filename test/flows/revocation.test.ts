// A token that the provider has revoked (RFC 7009) is also forgotten here, wherever the cache is.
// proves: core/src/endpoints/revocation.ts, core/src/cache/memory/forget.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  createMemoryTokenStore,
  type CacheOptions,
  type ClientApplication,
  type ICachePlugin,
} from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { clientId, redeem, secrets, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import { storedDocument } from "../support/stored.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => {
  provider.reset();
  provider.answers.discovery = () => ({
    body: provider.metadata({ revocation_endpoint: `${provider.url}/revoke` }),
  });
});

const silently = (app: ClientApplication, account: Parameters<ClientApplication["removeAccount"]>[0]) =>
  app.acquireTokenSilent({ scopes: ["api:read"], account });
const revoked = () => provider.requests.filter(({ path }) => path === "/revoke").map(({ form }) => form);

/** The caches that an application may have; each call makes another application with the same content. */
function caches(): readonly (readonly [string, () => CacheOptions])[] {
  return [
    ["memory", () => ({})],
    [
      "a plugin",
      () => {
        let kept = "";
        const cachePlugin: ICachePlugin = {
          async beforeCacheAccess(context) {
            context.tokenCache.deserialize(kept);
          },
          async afterCacheAccess(context) {
            if (context.cacheHasChanged) kept = context.tokenCache.serialize();
          },
        };
        return { cachePlugin };
      },
    ],
    ["a store", () => ({ store: createMemoryTokenStore() })],
  ];
}

describe.each(caches())("with the cache in %s", (_, cacheOptions) => {
  const signedIn = async (kind: "confidential" | "publicClient") => {
    const cache = cacheOptions();
    const app = provider[kind]({ cache });
    const account = accountOf(await redeem(app));
    return { app, account, cache };
  };

  it.each(["confidential", "publicClient"] as const)(
    "an access token is gone, and the refresh token gets the next: %s",
    async (kind) => {
      const { app, account } = await signedIn(kind);
      expect((await silently(app, account)).fromCache).toBe(true);
      await app.revoke({ token: "an-access-token", tokenTypeHint: "access_token" });
      expect(revoked()).toEqual([
        expect.objectContaining({
          client_id: clientId,
          token: "an-access-token",
          token_type_hint: "access_token",
        }),
      ]);
      provider.answers.token = () => ({ body: provider.tokens({ access_token: "another" }) });
      expect(await silently(app, account)).toMatchObject({ fromCache: false, accessToken: "another" });
    },
  );

  it.each([
    ["by its text", () => ({ token: "a-refresh-token" })],
    ["by its text and its user", (account: object) => ({ token: "a-refresh-token", account })],
    ["by its user alone", (account: object) => ({ account })],
  ])("a refresh token goes with its access tokens, and the user has to sign in: %s", async (__, request) => {
    const { app, account } = await signedIn("confidential");
    await app.revoke(request(account) as Parameters<typeof app.revoke>[0]);
    expect(revoked().map(({ token }) => token)).toEqual(["a-refresh-token"]);
    await expect(silently(app, account)).rejects.toMatchObject({ errorCode: "no_tokens_found" });
    expect(await app.getAllAccounts()).toHaveLength(1);
    expect(provider.count("token")).toBe(1);
  });

  it("other users keep their tokens", async () => {
    const { app, account } = await signedIn("confidential");
    provider.answers.token = () => ({
      body: provider.tokens(
        { access_token: "token of two", refresh_token: "refresh of two" },
        { claims: { sub: "user-2" } },
      ),
    });
    const two = accountOf(await redeem(app, { code: "another-code" }));
    await app.revoke({ account });
    expect(await silently(app, two)).toMatchObject({ fromCache: true, accessToken: "token of two" });
  });

  it("what the provider has not revoked stays", async () => {
    const { app, account } = await signedIn("confidential");
    provider.answers.revocation = () => ({ status: 503, headers: { "retry-after": "5" }, body: "" });
    await expect(app.revoke({ token: "a-refresh-token" })).rejects.toMatchObject({
      errorCode: "server_error",
      status: 503,
      retryAfterSeconds: 5,
    });
    expect(await silently(app, account)).toMatchObject({ fromCache: true });
  });

  it("an app's own token is gone as well", async () => {
    const app = provider.confidential({ cache: cacheOptions() });
    const ask = { scopes: ["api:read"] };
    provider.answers.token = () => ({ body: { access_token: "of the app", token_type: "Bearer" } });
    await app.acquireTokenByClientCredential(ask);
    await app.revoke({ token: "of the app" });
    expect(await app.acquireTokenByClientCredential(ask)).toMatchObject({ fromCache: false });
  });
});

it("a process that shares a store finds the token in it by its user, also if the token says who that is", async () => {
  const store = createMemoryTokenStore();
  const jwt = provider.idToken({ claims: { aud: "the-api" } });
  provider.answers.token = () => ({ body: provider.tokens({ access_token: jwt }) });
  for (const by of ["the token", "the account"]) {
    const account = accountOf(await redeem(provider.confidential({ cache: { store } }), { code: by }));
    const other = provider.confidential({ cache: { store } });
    await other.revoke(by === "the token" ? { token: jwt } : { token: jwt, account });
    expect(String(await storedDocument(store, "user:user-1"))).not.toContain(jwt);
  }
});

it("a token that is not in the cache is revoked too", async () => {
  await provider.publicClient().revoke({ token: "from elsewhere" });
  expect(revoked()).toEqual([{ client_id: clientId, token: "from elsewhere" }]);
});

it("a user without a refresh token has nothing to revoke", async () => {
  provider.answers.token = () => ({ body: provider.tokens({ refresh_token: undefined }) });
  const app = provider.publicClient();
  await app.revoke({ account: accountOf(await redeem(app)) });
  expect(revoked()).toEqual([]);
});

it("the server's error is reported, without the token that it repeats", async () => {
  provider.answers.revocation = () => ({
    status: 400,
    body: { error: "unsupported_token_type", error_description: "cannot revoke an-access-token" },
  });
  const error: unknown = await provider
    .publicClient()
    .revoke({ token: "an-access-token" })
    .catch((caught: unknown) => caught);
  expect(error).toMatchObject({ name: "ServerError", errorCode: "unsupported_token_type", status: 400 });
  expectNoSecretIn(error, secrets);
});

it.each([
  ["neither a token nor an account", {}, "token_request_empty"],
  ["a token that is not a string", { token: 7 as never }, "invalid_option"],
])("%s is refused before anything is sent", async (_, request, errorCode) => {
  await expect(provider.publicClient().revoke(request)).rejects.toMatchObject({ errorCode });
  expect(provider.requests).toEqual([]);
});

it("a provider without the endpoint is named", async () => {
  provider.answers.discovery = () => ({ body: provider.metadata() });
  await expect(provider.publicClient().revoke({ token: "x" })).rejects.toMatchObject({
    errorCode: "openid_config_error",
    errorMessage: expect.stringContaining("revocation_endpoint"),
  });
});
