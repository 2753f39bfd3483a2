// A resource names its issuer, and may name any: who receives a secret is the program's choice alone.
// proves: node/src/resource/allow-issuer.ts, node/src/resource/issuer-client.ts, node/src/resource/issuers.ts
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createResourceFetch, type ResourceFetchOptions, type ResourceRegistration } from "@tessera/node";
import { startFakeIssuer, type FakeIssuer } from "../support/fake-issuer.js";
import { startResource, type TestResource } from "../support/protected-resource.js";

let own: FakeIssuer;
let other: FakeIssuer;
let resource: TestResource;
beforeEach(async () => {
  own = await startFakeIssuer();
  other = await startFakeIssuer();
  resource = await startResource(other.url);
});
afterEach(() => Promise.all([own.close(), other.close(), resource.close()]));

const secret = { clientId: "the-client", clientSecret: "the-secret-of-the-client" };
const asked = () => other.visits.length + own.visits.length;
const call = (options: Partial<ResourceFetchOptions>) =>
  createResourceFetch({
    client: { registered: { [own.url]: secret } },
    openBrowser: other.openBrowser,
    system: { proxy: false },
    ...options,
  })(resource.url);
const at = (registration: () => ResourceRegistration) => ({ client: { registered: registration } });
const moved = (issuer: string) => {
  resource.metadata = { ...resource.metadata, authorization_servers: [issuer] };
};

describe("nothing is sent to an issuer that the resource names,", () => {
  const cases: readonly (readonly [string, string, () => Partial<ResourceFetchOptions>])[] = [
    ["when the registrations are of another one", "client_id_missing", () => ({})],
    [
      "when the function returns the registration of another one",
      "authority_mismatch",
      () => at(() => ({ ...secret, issuer: own.url })),
    ],
    ["when a credential names no issuer", "untrusted_authority", () => at(() => secret)],
    [
      "when allowIssuer does not allow it",
      "untrusted_authority",
      () => ({ ...at(() => ({ ...secret, issuer: other.url })), allowIssuer: () => false }),
    ],
    [
      "when allowIssuer returns what is only like true",
      "untrusted_authority",
      () => ({ ...at(() => secret), allowIssuer: JSON.parse.bind(JSON, '"no"') }),
    ],
    [
      "when the program itself needs a token",
      "untrusted_authority",
      () => ({ ...at(() => secret), grant: "app" }),
    ],
    [
      "when the JWT of a workload is the grant",
      "untrusted_authority",
      () => ({ ...at(() => ({ clientId: "c" })), grant: "assertion", assertion: "a.b.c" }),
    ],
    [
      "when the user would only see a code",
      "untrusted_authority",
      () => ({ client: { name: "Agent" }, openBrowser: undefined, onDeviceCode: () => undefined }),
    ],
  ];
  test.each(cases)("%s", async (_title, errorCode, options) => {
    await expect(call(options())).rejects.toMatchObject({ errorCode });
    expect(asked()).toBe(0);
    expect(other.requests.filter(({ path }) => !path.startsWith("/.well-known/"))).toEqual([]);
    expect(JSON.stringify([other.requests, resource.requests])).not.toContain(secret.clientSecret);
  });
});

test("a credential that names no issuer is used where allowIssuer allows it", async () => {
  const allowed: string[][] = [];
  const allowIssuer = (...about: string[]): boolean => {
    allowed.push(about);
    return true;
  };
  expect((await call({ ...at(() => secret), allowIssuer })).status).toBe(200);
  expect(allowed[0]).toEqual([other.url, resource.url]);
  expect(other.tokenRequests()[0]?.headers["authorization"]).toMatch(/^Basic /);
});

test("a resource that moves away from the issuer of a registered client gets no token, and the new one nothing", async () => {
  moved(own.url);
  const fetch = createResourceFetch({
    client: {
      registered: { [own.url]: secret },
      name: "Agent",
      metadataUrl: "https://agent.example/client.json",
    },
    openBrowser: own.openBrowser,
    system: { proxy: false },
  });
  expect((await fetch(resource.url)).status).toBe(200);
  moved(other.url);
  resource.accepts = () => false;
  await expect(fetch(resource.url)).rejects.toMatchObject({ errorCode: "authority_mismatch" });
  expect(other.requests).toEqual([]);
});

test("a client that has registered itself registers anew at another issuer, which sees nothing of the first", async () => {
  moved(own.url);
  const fetch = createResourceFetch({
    client: { name: "Agent" },
    openBrowser: (url) => (url.startsWith(own.url) ? own : other).openBrowser(url),
    system: { proxy: false },
  });
  expect((await fetch(resource.url)).status).toBe(200);
  const token = resource.calls().at(-1)?.token;
  moved(other.url);
  resource.accepts = (sent) => sent !== token;
  other.reply = ({ path }) =>
    path === "/register" ? { status: 201, body: { client_id: "another" } } : undefined;
  expect((await fetch(resource.url)).status).toBe(200);
  expect(other.visits[0]?.searchParams.get("client_id")).toBe("another");
  expect(other.tokenRequests().map(({ form }) => form["grant_type"])).toEqual(["authorization_code"]);
  expect(JSON.stringify(other.requests)).not.toMatch(/client-1|refresh-|token-\d/);
});
