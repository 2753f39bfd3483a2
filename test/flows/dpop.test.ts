// Tokens that are bound to a key (RFC 9449), at the certified provider: every flow of both kinds of applications, the
// cache, and restarts.
// proves: core/src/dpop/dpop.ts, core/src/dpop/binding-key.ts, core/src/dpop/proof.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import {
  ConfidentialClientApplication,
  createMemoryTokenStore,
  PublicClientApplication,
  type AuthenticationResult,
  type CacheOptions,
  type ClientApplication,
  type ICachePlugin,
} from "@tessera/node";
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, jwtVerify } from "jose";
import { accountOf } from "../support/entra.js";
import { scopes, visit } from "../support/oidc-applications.js";
import {
  ACCESS_TOKEN_LIFETIME,
  type OpenIdProvider,
  type ProviderRequest,
} from "../support/oidc-provider.js";
import { resources, startSecuredProvider } from "../support/secured-provider.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const bound = { authenticationScheme: "DPoP" } as const;
const olga = { username: "olga@example.org", password: "any" };
let provider: OpenIdProvider;
let strict: OpenIdProvider;
let clock: TestClock;
beforeAll(async () => {
  provider = await startSecuredProvider();
  strict = await startSecuredProvider({ requiresPushed: true, requiresNonce: true });
});
afterAll(() => Promise.all([provider.close(), strict.close()]));
beforeEach(() => {
  clock = createTestClock();
});
afterEach(() => {
  provider.clearRequests();
  strict.clearRequests();
});

type Kind = "public" | "confidential";
function application(kind: Kind, cache: CacheOptions = {}, at = provider): ClientApplication {
  const client = kind === "public" ? at.clients.publicClient : at.clients.post;
  const configuration = { auth: { oidcAuthority: at.url, ...client }, cache, system: { clock } };
  return kind === "public"
    ? new PublicClientApplication(configuration)
    : new ConfidentialClientApplication(configuration);
}

function memoryPlugin(): ICachePlugin {
  let kept = "";
  return {
    beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(kept),
    afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => {
      if (cacheHasChanged) kept = tokenCache.serialize();
    },
  };
}

async function signInWith(app: ClientApplication, at = provider): Promise<AuthenticationResult> {
  const request = { scopes, redirectUri: at.redirectUri, prompt: "consent", ...bound };
  const flow = await app.initiateAuthCodeFlow(request);
  const kept = JSON.parse(JSON.stringify(flow)) as typeof flow;
  return app.acquireTokenByAuthCodeFlow(kept, await signIn(flow.authUrl, olga));
}

/** The proofs of the token requests, verified with the keys that they name. */
const proofs = (at: OpenIdProvider) => Promise.all(at.tokenRequests().map((request) => proofIn(request)));
async function proofIn({ headers }: Pick<ProviderRequest, "headers">) {
  const proof = String(headers["dpop"]);
  const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt" });
  const jwk = protectedHeader.jwk ?? {};
  return { payload, protectedHeader, jwk, jkt: await calculateJwkThumbprint(jwk) };
}

describe.each<{ readonly kind: Kind }>([{ kind: "public" }, { kind: "confidential" }])(
  "a $kind client",
  ({ kind }) => {
    it("signs a user in: the code and the token are bound to one key, and the proof says what it is for", async () => {
      const result = await signInWith(application(kind));
      expect(result).toMatchObject({
        tokenType: "DPoP",
        fromCache: false,
        account: { username: olga.username },
      });
      const [proof, ...more] = await proofs(provider);
      expect(more).toEqual([]);
      expect(proof?.protectedHeader).toMatchObject({ alg: "ES256", typ: "dpop+jwt" });
      expect(Object.keys(proof?.jwk ?? {}).sort()).toEqual(["crv", "kty", "x", "y"]);
      const now = Math.floor(clock.now() / 1000);
      const jti = expect.stringMatching(/^[0-9a-f-]{36}$/);
      expect(proof?.payload).toEqual({ htm: "POST", htu: `${provider.url}/token`, iat: now, jti });
      const [authorization] = provider.requests.filter(({ path }) => path === "/auth");
      expect(authorization?.query["dpop_jkt"]).toBe(proof?.jkt);
    });

    it("binds the tokens of a code that it redeems itself", async () => {
      const app = application(kind);
      const { request, response } = await visit(provider, app);
      const result = await app.acquireTokenByCode({ ...request, ...bound }, response);
      expect(result.tokenType).toBe("DPoP");
    });

    it("gets the token from the cache, and never in place of a bearer token", async () => {
      const app = application(kind);
      const first = await signInWith(app);
      const request = { scopes, account: accountOf(first) };
      provider.clearRequests();
      const again = await app.acquireTokenSilent({ ...request, ...bound });
      expect(again).toMatchObject({ fromCache: true, tokenType: "DPoP", accessToken: first.accessToken });
      expect(provider.requests).toEqual([]);
      const bearer = await app.acquireTokenSilent(request).catch((error: unknown) => error);
      // The refresh token of a client with a credential is not bound to the key (RFC 9449 §5).
      if (kind === "public") expect(bearer).toMatchObject({ errorCode: "no_tokens_found" });
      else expect(bearer).toMatchObject({ fromCache: false, tokenType: "Bearer" });
      expect(await app.acquireTokenSilent({ ...request, ...bound })).toMatchObject({
        accessToken: first.accessToken,
      });
    });

    it("renews an expired token with one request for many calls", async () => {
      const app = application(kind);
      const request = { scopes, account: accountOf(await signInWith(app)), ...bound };
      for (const round of [1, 2]) {
        clock.advance(ACCESS_TOKEN_LIFETIME);
        const calls = Array.from({ length: 20 }, () => app.acquireTokenSilent(request));
        const results = await Promise.all(calls);
        expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
        expect(results[0]).toMatchObject({ fromCache: false, tokenType: "DPoP" });
        expect(provider.tokenRequests()).toHaveLength(1 + round);
      }
      const keys = new Set((await proofs(provider)).map(({ jkt }) => jkt));
      expect(keys.size).toBe(kind === "public" ? 1 : 3);
    });

    it.each([
      { title: "a plugin", cache: () => ({ cachePlugin: memoryPlugin() }) },
      { title: "a store", cache: () => ({ store: createMemoryTokenStore() }) },
    ])("goes on after a restart, with the keys that $title keeps", async ({ cache }) => {
      const kept = cache();
      const first = await signInWith(application(kind, kept));
      const restarted = application(kind, kept);
      const request = { scopes, account: accountOf(first), ...bound };
      const cached = await restarted.acquireTokenSilent(request);
      expect(cached).toMatchObject({ fromCache: true, accessToken: first.accessToken });
      const call = { accessToken: cached.accessToken, method: "GET", url: "https://api.example.org/" };
      const proof = await proofIn({ headers: { dpop: await restarted.createDpopProof(call) } });
      expect(proof.jkt).toBe((await proofs(provider))[0]?.jkt);
      clock.advance(ACCESS_TOKEN_LIFETIME);
      const renewed = await restarted.acquireTokenSilent(request);
      expect(renewed).toMatchObject({ fromCache: false, tokenType: "DPoP" });
    });

    it("without a plugin or store, writes no private key when the app reads the cache", async () => {
      const app = application(kind);
      const first = await signInWith(app);
      const text = app.getTokenCache().serialize();
      expect(text).toContain(first.accessToken);
      expect(text).not.toContain("dpop_key");
      const other = application(kind);
      other.getTokenCache().deserialize(text);
      const again = other.acquireTokenSilent({ scopes, account: accountOf(first), ...bound });
      if (kind === "public") await expect(again).rejects.toMatchObject({ errorCode: "no_tokens_found" });
      else expect(await again).toMatchObject({ fromCache: false, tokenType: "DPoP" });
    });

    it("pushes its request and sends the provider's nonce where both are required", async () => {
      const app = application(kind, {}, strict);
      const result = await signInWith(app, strict);
      expect(result.tokenType).toBe("DPoP");
      const statuses = strict.tokenRequests().map(({ status }) => status);
      expect(statuses).toEqual([400, 200]);
      const sent = await proofs(strict);
      expect(sent.map(({ payload }) => typeof payload["nonce"])).toEqual(["undefined", "string"]);
      expect(new Set(sent.map(({ payload }) => payload.jti)).size).toBe(2);
      // The nonce is remembered.
      clock.advance(1);
      await app.acquireTokenSilent({ scopes, account: accountOf(result), forceRefresh: true, ...bound });
      expect(strict.tokenRequests().map(({ status }) => status)).toEqual([400, 200, 200]);
    });
  },
);

it("a public client signs a user in with the browser", async () => {
  const app = application("public") as PublicClientApplication;
  const openBrowser = async (url: string): Promise<void> => {
    const callback = await signIn(url, olga);
    const to = callback.origin + callback.pathname;
    await fetch(to, { method: "POST", body: callback.searchParams });
  };
  const interactive = await app.acquireTokenInteractive({ scopes, openBrowser, prompt: "consent", ...bound });
  expect(interactive.tokenType).toBe("DPoP");
});

it("an app without users has a token of its own, once, and apart from its bearer token", async () => {
  const auth = { oidcAuthority: provider.url, ...provider.clients.daemon };
  const app = new ConfidentialClientApplication({ auth, system: { clock } });
  const ask = (over: object = bound) =>
    app.acquireTokenByClientCredential({ scopes: ["reports:read"], resource: resources[0] ?? "", ...over });
  const [first, bearer, again] = [await ask(), await ask({}), await ask()];
  expect(first).toMatchObject({ fromCache: false, tokenType: "DPoP" });
  expect(bearer).toMatchObject({ fromCache: false, tokenType: "Bearer" });
  expect(again).toMatchObject({ fromCache: true, tokenType: "DPoP", accessToken: first?.accessToken });
  expect((await ask({}))?.accessToken).toBe(bearer?.accessToken);
});

describe("a proof for an API", () => {
  const url = "https://api.example.org/orders?top=1#one";
  it("names the token, the method and the URL without query and fragment", async () => {
    const app = application("public");
    const { accessToken } = await signInWith(app);
    const proof = await app.createDpopProof({ accessToken, method: "POST", url, nonce: "a-nonce" });
    const { payload, jkt } = await proofIn({ headers: { dpop: proof } });
    const hash = await crypto.subtle.digest("SHA-256", Buffer.from(accessToken));
    const ath = Buffer.from(hash).toString("base64url");
    expect(payload).toMatchObject({
      htm: "POST",
      htu: "https://api.example.org/orders",
      ath,
      nonce: "a-nonce",
    });
    expect(jkt).toBe((await proofs(provider))[0]?.jkt);
    expect(decodeProtectedHeader(proof)).not.toHaveProperty("jwk.d");
    // The nonce belongs to the API.
    const next = await app.createDpopProof({ accessToken, method: "GET", url });
    expect((await proofIn({ headers: { dpop: next } })).payload["nonce"]).toBe("a-nonce");
    const other = await app.createDpopProof({
      accessToken,
      method: "GET",
      url: "https://files.example.org/",
    });
    expect((await proofIn({ headers: { dpop: other } })).payload).not.toHaveProperty("nonce");
  });

  it.each([
    {
      title: "a token of another origin",
      over: { accessToken: "another" },
      says: "not one that this application",
    },
    { title: "a URL that is not https", over: { url: "http://api.example.org/" }, says: "not https" },
    { title: "no method", over: { method: "" }, says: "method" },
    { title: "a nonce with a line break", over: { nonce: "a\r\nb" }, says: "nonce" },
  ])("is refused for $title", async ({ over, says }) => {
    const app = application("public");
    const { accessToken } = await signInWith(app);
    await expect(app.createDpopProof({ accessToken, method: "GET", url, ...over })).rejects.toThrow(says);
  });
});
