// A mistake in the options of a website is refused when it starts, and names the option, never a secret.
// proves: web/src/base-url.ts, web/src/sign-in/check-options.ts, web/src/sign-in/options.ts
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { secret, siteAt } from "../support/web-visitor.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

test.each<[string, Readonly<Record<string, unknown>>]>([
  ["app", { app: {} }],
  ["baseUrl", { baseUrl: "orders.example" }],
  ["baseUrl", { baseUrl: "http://orders.example" }],
  ["baseUrl", { baseUrl: "http://localhost.evil.example" }],
  ["baseUrl", { baseUrl: "https://user:password@orders.example" }],
  ["baseUrl", { baseUrl: "https://orders.example?a=1" }],
  ["path", { path: "auth" }],
  ["path", { path: "/auth/" }],
  ["path", { path: "/a?b" }],
  ["scopes", { scopes: "openid" }],
  ["responseMode", { responseMode: "fragment" }],
  ["session.secrets", { session: {} }],
  ["session.secrets", { session: { secrets: [] } }],
  ["session.secrets", { session: { secrets: "the-secret-of-the-sessions-0123456789" } }],
  ["session.secrets", { session: { secrets: ["short"] } }],
  ["session.secrets", { session: { secrets: [secret, "short"] } }],
  ["session.secrets", { session: { secrets: [undefined] } }],
  ["session.idleSeconds", { session: { secrets: [secret], idleSeconds: 0 } }],
  ["session.maxSeconds", { session: { secrets: [secret], maxSeconds: Number.NaN } }],
  ["session.name", { session: { secrets: [secret], name: "a b" } }],
  ["session.store", { session: { secrets: [secret], store: { get: async () => null } } }],
])("%s of %j", (option, over) => {
  let message = "";
  try {
    siteAt(provider, over);
  } catch (error) {
    expect(error).toMatchObject({ name: "ClientConfigurationError", errorCode: "invalid_option" });
    message = String(error);
  }
  expect(message).toContain(`${option} cannot be used: `);
  for (const text of ["short", "password"]) expect(message).not.toContain(text);
});

test.each([
  ["http://localhost:3000", "http://localhost:3000/auth/callback"],
  ["http://127.0.0.1:3000/", "http://127.0.0.1:3000/auth/callback"],
  ["https://example.org/orders", "https://example.org/orders/auth/callback"],
  ["https://example.org/orders/", "https://example.org/orders/auth/callback"],
])("a site at %s has its callback at %s", async (baseUrl, callback) => {
  const web = siteAt(provider, { baseUrl });
  const response = await web.handle(new Request(callback.replace("callback", "sign-in")));
  expect(new URL(response?.headers.get("location") ?? "").searchParams.get("redirect_uri")).toBe(callback);
});
