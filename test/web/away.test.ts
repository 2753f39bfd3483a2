// What has to be asked first and is away: the answer is a 503 that says when to try again. Nobody is let in unseen, and nobody is
// told that a good token, proof or session is bad.
// proves: web/src/sign-in/store-failure.ts, web/src/guard/accepted-tokens.ts, web/src/guard/possession.ts
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPairSync, createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createApiGuard, type Checked, type WebSignIn, type WebStore } from "@tessera/web";
import express from "express";
import fastify from "fastify";
import { calculateJwkThumbprint, type JWK } from "jose";
import { clientId, keys, sign, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { BASE, guardedApi, keySet } from "../support/guarded-api.js";
import { site, siteAt, storeAt, visitorOf, type Visitor } from "../support/web-visitor.js";

const issuer = "https://idp.example";
const claims = { iss: issuer, sub: "user-1", client_id: "the-client", scope: "read" };
const discovery = {
  [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
};
const script = { ...discovery, [`GET ${issuer}/keys`]: keySet() };
const refused = () => Promise.reject(new Error("connect ECONNREFUSED 10.0.0.5:6379"));
const away: Required<WebStore> = { get: refused, set: refused, take: refused, delete: refused, add: refused };

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(() => provider.reset());

/** A call with a token that is bound to a key, and a good proof. */
async function withProof(store: WebStore): Promise<Checked> {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = pair.publicKey.export({ format: "jwk" }) as JWK;
  const { guard, token, clock } = guardedApi({ options: { issuer, store }, script, claims });
  const bound = token({ claims: { cnf: { jkt: await calculateJwkThumbprint(jwk) } } });
  const ath = createHash("sha256").update(bound).digest("base64url");
  const iat = Math.floor(clock.now() / 1000);
  const said = { jti: "one", htm: "GET", htu: `${BASE}/orders`, iat, ath };
  const dpop = sign(said, { typ: "dpop+jwt", alg: "ES256", jwk }, pair.privateKey);
  const headers = { authorization: `DPoP ${bound}`, dpop };
  return guard.check(new Request(`${BASE}/orders`, { headers }));
}

describe("an API", () => {
  const { add: _, ...withoutAdd } = away;
  test.each<[string, () => Promise<Checked>]>([
    [
      "the keys of the provider",
      async () => {
        const { call, token } = guardedApi({ options: { issuer }, script: discovery, claims });
        return call(token());
      },
    ],
    [
      "the provider's metadata",
      async () => {
        const { call, token } = guardedApi({ options: { issuer }, script: {}, claims });
        return call(token());
      },
    ],
    [
      "the provider, of an opaque token",
      async () => {
        provider.answers.introspection = () => ({ status: 503 });
        const metadata = provider.metadata({ introspection_endpoint: `${provider.url}/introspect` });
        const guard = createApiGuard({
          ...{ baseUrl: BASE, issuer: provider.url, audience: "orders", introspection: true },
          app: provider.confidential({ auth: { authorityMetadata: JSON.stringify(metadata) } }),
          system: { clock: provider.clock, proxy: false },
        });
        return guard.check(new Request(BASE, { headers: { authorization: "Bearer opaque" } }));
      },
    ],
    [
      "the list of tenants",
      async () => {
        const tid = "11111111-1111-4111-8111-111111111111";
        const entra = `https://login.microsoftonline.com/${tid}/v2.0`;
        const { call, token } = guardedApi({
          options: { authority: "https://login.microsoftonline.com/common", tenants: refused },
          script: {
            "GET https://login.microsoftonline.com/common/discovery/v2.0/keys": keySet({ issuer: entra }),
          },
          claims: { iss: entra, tid, sub: "s", ver: "2.0", scp: "read" },
        });
        return call(token());
      },
    ],
    ["the store of used proofs", () => withProof(away)],
    ["a store of used proofs without add", () => withProof(withoutAdd)],
  ])("answers 503 while %s cannot be asked", async (_name, call) => {
    const { caller, response, reason } = await call();
    expect(caller).toBeUndefined();
    expect([response?.status, await response?.json()]).toEqual([
      503,
      expect.objectContaining({ error: "temporarily_unavailable" }),
    ]);
    expect(Number(response?.headers.get("retry-after"))).toBeGreaterThan(0);
    // It is not the token's fault: a client that were told so would throw it away.
    expect(response?.headers.get("www-authenticate")).toBeNull();
    expect(reason).not.toMatch(/eyJ/);
  });

  test("tells the log what is away, and the client nothing of it", async () => {
    const { response, reason, cause } = await withProof(away);
    expect([reason, cause]).toEqual([expect.stringContaining("ECONNREFUSED"), expect.any(Error)]);
    expect(await response?.text()).not.toContain("ECONNREFUSED");
  });
});

describe("a website whose store is away", () => {
  let store: Required<WebStore>;
  let web: WebSignIn;
  let broken: WebSignIn;
  let alice: Visitor;
  beforeEach(async () => {
    store = storeAt(provider);
    [web, broken] = [siteAt(provider, { store }), siteAt(provider, { store: away })];
    alice = visitorOf(web, provider);
    await alice.signIn();
  });

  const logout = () => {
    const now = Math.floor(provider.clock.now() / 1000);
    const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
    const said = { iss: provider.url, aud: clientId, iat: now, exp: now + 120, jti: "one", sub: "user-1" };
    const header = { alg: "RS256", kid: "one", typ: "logout+jwt" };
    return { logout_token: sign({ ...said, events }, header, keys.one.privateKey) };
  };
  test.each<[string, string, () => Promise<Request>]>([
    ["begins no sign-in", "/auth/sign-in", async () => alice.request("/auth/sign-in")],
    [
      "completes none",
      "/auth/callback",
      async () => {
        const state = (await alice.begin()).get("state") ?? "";
        return alice.request(`/auth/callback?code=x&state=${state}`);
      },
    ],
    ["asks for no sign-out", "/auth/sign-out", async () => alice.request("/auth/sign-out")],
    [
      "signs nobody out, and does not say that it has",
      "/auth/sign-out",
      async () => alice.request("/auth/sign-out", { method: "POST", form: {}, headers: { origin: site } }),
    ],
    [
      "takes no logout token, so that the provider sends it once more",
      "/auth/logout/back-channel",
      async () =>
        new Request(`${site}/auth/logout/back-channel`, {
          method: "POST",
          body: new URLSearchParams(logout()),
        }),
    ],
    [
      "ends no session of a frame",
      "/auth/logout/front-channel",
      async () => {
        const query = new URLSearchParams({ iss: provider.url, sid: "s" }).toString();
        return new Request(`${site}/auth/logout/front-channel?${query}`);
      },
    ],
  ])("%s (%s)", async (_what, _path, request) => {
    const response = await broken.handle(await request());
    expect([response?.status, response?.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(response?.headers.get("cache-control")).toBe("no-store");
    expect(response?.headers.getSetCookie()).toEqual([]);
    expect(await response?.text()).not.toContain("ECONNREFUSED");
    // The session goes on when the store is there again.
    expect(await web.user(alice.request("/"))).toMatchObject({ subject: "user-1" });
  });

  test("completes the sign-in, and takes the logout token, when they come once more", async () => {
    let isAway = true;
    const whileAway =
      <A extends readonly unknown[], R>(method: (...given: A) => Promise<R>) =>
      (...given: A): Promise<R> =>
        isAway ? refused() : method(...given);
    const one = siteAt(provider, {
      store: { ...store, take: whileAway(store.take), add: whileAway(store.add) },
    });
    const asked = await alice.begin();
    const posted = logout();
    const endedBy = () =>
      one.handle(
        new Request(`${site}/auth/logout/back-channel`, {
          method: "POST",
          body: new URLSearchParams(posted),
        }),
      );
    expect([(await alice.answer(asked, { at: one })).status, (await endedBy())?.status]).toEqual([503, 503]);
    isAway = false;
    expect((await alice.answer(asked, { at: one })).status).toBe(303);
    provider.clock.advance(1);
    expect(await one.user(alice.request("/"))).toMatchObject({ subject: "user-1" });
    expect((await endedBy())?.status).toBe(200);
    expect(await one.user(alice.request("/"))).toBeUndefined();
    expect((await endedBy())?.status).toBe(400);
  });

  test("hands out no token, and lets nobody in on the word of the cookie", async () => {
    const { accessToken, response } = await broken.token(alice.request("/"), { scopes: ["api:read"] });
    expect([accessToken, response?.status]).toEqual([undefined, 503]);
    expect(await response?.text()).toContain("store_unavailable");
    const script = alice.request("/", { headers: { "sec-fetch-mode": "cors", accept: "*/*" } });
    const answer = await broken.token(script, { scopes: ["api:read"] });
    expect(await answer.response?.json()).toEqual({ error: "temporarily_unavailable" });
    await expect(broken.user(alice.request("/"))).rejects.toMatchObject({
      ...{ name: "WebStoreError", status: 503 },
      cause: expect.objectContaining({ message: expect.stringContaining("ECONNREFUSED") }),
    });
  });

  test("has the page of the site say so, which may know the reason", async () => {
    const own = siteAt(provider, {
      store: away,
      errorPage: ({ code, error }) => new Response(`${code} ${error instanceof Error ? error.name : ""}`),
    });
    const response = await own.handle(alice.request("/auth/sign-in"));
    expect(await response?.text()).toBe("store_unavailable WebStoreError");
  });

  test.each<[string, (web: WebSignIn) => Promise<RequestListener>]>([
    [
      "Express",
      async (made) => {
        const app = express().use(made.express());
        app.set("env", "test");
        return app.get("/", (_request, response) => void response.send("let in")) as RequestListener;
      },
    ],
    [
      "Fastify",
      async (made) => {
        const app = fastify();
        await app.register(made.fastify());
        app.get("/", async () => "let in");
        await app.ready();
        return (request, response) => app.routing(request, response);
      },
    ],
  ])("answers 503 for other pages as well, on %s", async (_name, listenerOf) => {
    const server = createServer(await listenerOf(broken)).listen(0, "localhost");
    await once(server, "listening");
    const cookie = [...alice.cookies].map((pair) => pair.join("=")).join("; ");
    const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
    const response = await fetch(url, { headers: { cookie } });
    const text = await response.text();
    server.closeAllConnections();
    server.close();
    expect([response.status, text.includes("ECONNREFUSED")]).toEqual([503, false]);
  });
});
