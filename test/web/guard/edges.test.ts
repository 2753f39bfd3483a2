// The edges of a guard: what is configured is checked when it starts, and what comes in by one way does not count by another.
// proves: web/src/guard/check-guard-options.ts, web/src/guard/caller-token.ts, web/src/guard/refusal.ts
import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { createApiGuard, type ApiGuardOptions } from "@tessera/web";
import { makeCertificate } from "../../support/certificates.js";
import { BASE, entraUser, guardedApi, keySet, outcome, TENANT } from "../../support/guarded-api.js";

const issuer = "https://idp.example";
const api = (options: Partial<ApiGuardOptions> = {}) =>
  guardedApi({
    options: { issuer, ...options },
    script: {
      [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
      [`GET ${issuer}/keys`]: keySet(),
    },
    claims: { iss: issuer, sub: "user-1", client_id: "the-client", scope: "Orders.Read" },
  });
/** An application that notes what it is asked for. */
function noting() {
  const asked: Readonly<Record<string, unknown>>[] = [];
  const note = async (request: Readonly<Record<string, unknown>>) => {
    asked.push(request);
    return { accessToken: "other" };
  };
  const app = { acquireTokenOnBehalfOf: note, acquireTokenByTokenExchange: note, introspect: note };
  return { app: app as never, asked };
}

const authority = `https://login.microsoftonline.com/${TENANT}`;
test.each<[string, Partial<ApiGuardOptions>]>([
  ["introspection", { issuer: undefined, authority, app: noting().app, introspection: true }],
  ["introspection", { introspection: true }],
  ["introspection.cacheSeconds", { app: noting().app, introspection: { cacheSeconds: 601 } }],
  ["introspection.cacheSeconds", { app: noting().app, introspection: { cacheSeconds: Number.NaN } }],
  ["dpop.nonceSecrets", { dpop: { nonceSecrets: ["a".repeat(31)] } }],
  ["dpop.nonceSecrets", { dpop: { nonceSecrets: ["a".repeat(32), "short"] } }],
  ["dpop.nonceSecrets", { dpop: { nonceSecrets: [] } }],
  ["clientCertificateHeader", { clientCertificateHeader: "client cert" }],
  ["baseUrl", { baseUrl: "http://orders.example" }],
  ["tenants", { issuer: undefined, authority: "https://login.microsoftonline.com/common" }],
  ["tenants", { issuer: undefined, authority: "https://login.microsoftonline.com/organizations" }],
])("a guard is not made with a mistake in %s: %j", (option, over) => {
  expect(() => createApiGuard({ baseUrl: BASE, audience: "orders", issuer, ...over })).toThrow(
    expect.objectContaining({
      name: "ClientConfigurationError",
      message: expect.stringContaining(option),
    }),
  );
});

describe("on behalf of a caller", () => {
  test("nothing is asked for an app that calls for itself, whatever it may do", async () => {
    const { app, asked } = noting();
    const { call, token } = api({ app, roles: ["Orders.Read.All"] });
    const { caller } = await call(
      token({ claims: { sub: "the-client", scope: undefined, roles: ["Orders.Read.All"] } }),
    );
    expect(caller?.kind).toBe("app");
    const { response, accessToken } = (await caller?.token({ scopes: ["pay"] })) ?? {};
    expect([response?.status, accessToken, asked]).toEqual([403, undefined, []]);
  });

  test("a guard of several tenants asks in the caller's own", async () => {
    const { app, asked } = noting();
    const own = `${authority}/v2.0`;
    const { call, token } = guardedApi({
      options: { authority: "https://login.microsoftonline.com/common", tenants: [TENANT], app },
      script: {
        "GET https://login.microsoftonline.com/common/discovery/v2.0/keys": keySet({ issuer: own }),
      },
      claims: entraUser(own),
    });
    const { caller } = await call(token());
    await caller?.token({ scopes: ["api://payments/Pay"] });
    expect(asked).toMatchObject([{ authority: expect.stringContaining(TENANT) }]);
  });
});

test("what one operation demands of the sign-in comes on top of the guard's scopes", async () => {
  const { call, token } = api({ scopes: ["Orders.Read"] });
  expect(outcome(await call(token(), { acrs: ["gold"] }))).toBe("401 insufficient_user_authentication");
  expect(outcome(await call(token(), { maxAge: 60 }))).toBe("401 insufficient_user_authentication");
  const good = { acr: "gold", scope: "Other" };
  expect(outcome(await call(token({ claims: good }), { acrs: ["gold"] }))).toBe("403 insufficient_scope");
});

describe("a client's certificate", () => {
  const der = new X509Certificate(makeCertificate({ subject: "client", keyType: "ec" }).certificatePem).raw;
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("base64url");
  const boundTo = (bytes: Uint8Array) => ({ claims: { cnf: { "x5t#S256": hash(bytes) } } });

  test("of the connection does not count where the proxy's header does: it is the proxy's own", async () => {
    const one = api({ clientCertificateHeader: "client-cert" });
    const rawHeaders = ["authorization", `Bearer ${one.token(boundTo(der))}`];
    const socket = { getPeerCertificate: () => ({ raw: der }) };
    const statuses: number[] = [];
    const raw = { method: "GET", url: "/orders", rawHeaders, socket };
    const unused = (): unknown => undefined;
    const code = (status: number): unknown => statuses.push(status);
    const reply = { raw: raw as never, hijack: unused, code, header: unused, send: unused };
    await one.guard.fastify()({ raw: raw as never }, reply);
    expect(statuses).toEqual([401]);
    await api().guard.fastify()({ raw: raw as never }, reply);
    expect(statuses).toEqual([401]);
  });

  test("that is empty is none, also for a token that is bound to nothing", async () => {
    const one = api();
    const nothing = new Uint8Array();
    for (const clientCertificate of [nothing, { raw: nothing }, ""])
      expect(outcome(await one.call(one.token(boundTo(nothing)), { clientCertificate }))).toBe(
        "401 invalid_token",
      );
  });

  test("is no key of DPoP: a token that is bound to it alone is not taken with that scheme", async () => {
    const one = api();
    const headers = { authorization: `DPoP ${one.token(boundTo(der))}` };
    const request = new Request(`${BASE}/orders`, { headers });
    expect(outcome(await one.guard.check(request, { clientCertificate: der }))).toBe("401 invalid_token");
  });
});

test("a refusal is kept by nobody, and what is configured cannot break out of its header", async () => {
  const { call, token } = api();
  const { response } = await call(token(), { acrs: ['x", error="none', "ü\u0000"] });
  expect(response?.headers.get("cache-control")).toBe("no-store");
  const header = response?.headers.get("www-authenticate") ?? "";
  expect(header).toContain('acr_values="x, error=none ", resource_metadata=');
  expect(header.match(/error=/g)).toHaveLength(2);
});
