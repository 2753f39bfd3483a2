// Opaque tokens: the provider is asked whether they are active, and its answer is used for a short while.
// proves: web/src/guard/introspection.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { ConfidentialClientApplication } from "@tessera/node";
import { createApiGuard, type ApiGuardOptions } from "@tessera/web";
import { startFakeProvider, type FakeProvider } from "../../support/fake-provider.js";
import { BASE, outcome } from "../../support/guarded-api.js";
import { startEndpointsProvider } from "../../support/endpoints-provider.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const active = { active: true, sub: "user-1", client_id: "the-client", scope: "read", aud: "orders" };
function opaque(
  answer: () => object = () => ({ ...active, iss: provider.url }),
  over: Partial<ApiGuardOptions> = {},
) {
  provider.answers.introspection = () => ({ body: answer() });
  const guard = createApiGuard({
    baseUrl: BASE,
    issuer: provider.url,
    audience: "orders",
    app: provider.confidential({ auth: { authorityMetadata: JSON.stringify(withIntrospection()) } }),
    introspection: true,
    system: { clock: provider.clock, proxy: false },
    ...over,
  });
  return async (token = "opaque") =>
    guard.check(new Request(BASE, { headers: { authorization: `Bearer ${token}` } }), { scopes: ["read"] });
}
const withIntrospection = () => provider.metadata({ introspection_endpoint: `${provider.url}/introspect` });
const asked = () => provider.count("introspection");

test("the provider is asked once a minute", async () => {
  const call = opaque();
  expect(outcome(await call())).toBe("user user-1");
  const { caller } = await call();
  expect(caller).toMatchObject({ kind: "user", scopes: ["read"], clientId: "the-client" });
  expect(asked()).toBe(1);
  expect(provider.requests.at(-1)?.form).toMatchObject({ token: "opaque", token_type_hint: "access_token" });
  provider.clock.advance(61);
  await call();
  expect(asked()).toBe(2);
});

test("the answer is used for ten minutes at most, and never longer than the token lives", async () => {
  const call = opaque(undefined, { introspection: { cacheSeconds: 600 } });
  await call();
  provider.clock.advance(599);
  await call();
  expect(asked()).toBe(1);
  provider.clock.advance(2);
  await call();
  expect(asked()).toBe(2);
  const exp = Math.floor(provider.clock.now() / 1000) + 5;
  const short = opaque(() => ({ ...active, exp }));
  expect(outcome(await short("short"))).toBe("user user-1");
  provider.clock.advance(6);
  expect(outcome(await short("short"))).toBe("401 invalid_token");
});

test.each<[string, object]>([
  ["inactive", { active: false }],
  ["for another API", { ...active, aud: "payments" }],
  ["for no API that it names", { ...active, aud: undefined }],
  ["of another issuer", { ...active, iss: "https://elsewhere.example" }],
  ["expired", { ...active, exp: 1 }],
  ["not valid yet", { ...active, nbf: 9_999_999_999 }],
  ["a refresh token", { ...active, token_type: "refresh_token" }],
])("a token is refused that is %s", async (_, answer) => {
  expect(outcome(await opaque(() => answer)())).toBe("401 invalid_token");
});

test("an answer without audience counts where the provider is known to answer for this API only", async () => {
  const call = opaque(() => ({ ...active, aud: undefined }), {
    introspection: { acceptsMissingAudience: true },
  });
  expect(outcome(await call())).toBe("user user-1");
});

test("while the provider cannot be asked, the client may try again", async () => {
  const call = opaque();
  provider.answers.introspection = () => ({ status: 500, body: "down" });
  const { response } = await call("unknown");
  expect(response?.status).toBe(503);
});

test("a JWT is verified here, and asked about only where that is wished", async () => {
  const claims = { aud: "orders", scope: "read", nonce: undefined };
  const call = opaque();
  expect(outcome(await call(provider.idToken({ claims })))).toBe("user user-1");
  expect(asked()).toBe(0);
  const revoked = opaque(() => ({ active: false }), { introspection: { always: true } });
  expect(outcome(await revoked(provider.idToken({ claims })))).toBe("401 invalid_token");
  expect(asked()).toBe(1);
});

test("an opaque token where nobody is asked is refused, and so is one that is encrypted", async () => {
  const call = opaque(undefined, { introspection: false });
  expect(outcome(await call())).toBe("401 invalid_token");
  expect(outcome(await call("a.b.c.d.e"))).toBe("401 invalid_token");
  expect(asked()).toBe(0);
});

describe("at oidc-provider", () => {
  test("its opaque tokens are accepted until they are revoked", async () => {
    const real = await startEndpointsProvider();
    try {
      const { daemon } = real.clients;
      const app = new ConfidentialClientApplication({
        auth: { ...daemon, oidcAuthority: real.url },
        system: { proxy: false },
      });
      const { accessToken } = await app.acquireTokenByClientCredential({ scopes: ["reports:read"] });
      const guard = createApiGuard({
        baseUrl: BASE,
        issuer: real.url,
        audience: "reports",
        app,
        introspection: { cacheSeconds: 0, acceptsMissingAudience: true },
        system: { proxy: false },
      });
      const call = async (token: string) =>
        guard.check(new Request(BASE, { headers: { authorization: `Bearer ${token}` } }), {
          scopes: ["reports:read"],
        });
      expect((await call(accessToken)).caller).toMatchObject({ kind: "app", clientId: daemon.clientId });
      await app.revoke({ token: accessToken });
      expect(outcome(await call(accessToken))).toBe("401 invalid_token");
    } finally {
      await real.close();
    }
  });
});
