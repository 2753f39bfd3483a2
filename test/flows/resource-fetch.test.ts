// A program that has nothing but a URL gets its token: who issues it, for which client and scopes, is found out once.
// proves: node/src/resource/create-resource-fetch.ts, node/src/resource/resource-tokens.ts, node/src/resource/resources.ts,
// node/src/resource/issuers.ts, node/src/resource/issuer-application.ts, node/src/resource/known-resource.ts,
// node/src/resource/kept-documents.ts, node/src/resource/challenge.ts, node/src/resource/discover-resource.ts,
// node/src/resource/issuer-client.ts, node/src/resource/issuer-metadata.ts, node/src/resource/metadata-client.ts,
// node/src/resource/allow-issuer.ts, node/src/resource/check-resource-options.ts, node/src/resource/repeatable-request.ts,
// node/src/resource/refused-tokens.ts, node/src/resource/acquire-token.ts, node/src/resource/options.ts, node/src/http/network-zone.ts
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { createMemoryTokenStore, createResourceFetch, type ResourceFetchOptions } from "@tessera/node";
import type { Adapter } from "oidc-provider";
import { signInOnDevice } from "../support/device-sign-in.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { startResource, type TestResource } from "../support/protected-resource.js";
import { interactiveUserOf, type ResourceUser } from "../support/resource-user.js";

let provider: OpenIdProvider;
let resource: TestResource;
let user: ResourceUser;
/** Removes a client that was registered. */
let forget: (clientId: string) => Promise<void>;
beforeAll(async () => {
  provider = await startOpenIdProvider({
    prepare: (own) => {
      const { adapter } = own.Client as typeof own.Client & Record<"adapter", Adapter>;
      forget = (clientId) => adapter.destroy(clientId);
    },
    configure: (own) => ({
      ...own,
      features: {
        ...own.features,
        registration: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, indicator) => ({
            scope: "reports:read reports:write",
            audience: indicator,
            accessTokenFormat: "jwt",
            accessTokenTTL: 600,
          }),
          useGrantedResource: () => true,
        },
      },
    }),
  });
});
afterAll(() => provider.close());
beforeEach(async () => {
  resource = await startResource(provider.url);
  user = interactiveUserOf();
  provider.clearRequests();
});
afterEach(() => resource.close());

const system = { proxy: false } as const;
const agent = (over: Partial<ResourceFetchOptions> = {}) =>
  createResourceFetch({ client: { name: "Agent" }, openBrowser: user.openBrowser, system, ...over });
const seen = () => provider.requests.map(({ path }) => path.split("/", 2)[1]);

test("a client that the issuer has never heard of registers, signs the user in, and sends the request again", async () => {
  const fetch = agent();
  const response = await fetch(resource.url, { method: "POST", body: "hello" });
  expect(await response.json()).toEqual({ answer: 42 });
  expect(resource.calls().map(({ body, token }) => [body, token !== undefined])).toEqual([
    ["hello", false],
    ["hello", true],
  ]);
  expect(resource.asked()).toEqual(["/.well-known/oauth-protected-resource/mcp"]);
  expect(seen().filter((one) => one !== "auth" && one !== "interaction")).toEqual([
    ".well-known",
    "reg",
    "token",
  ]);
  const [visit] = user.visits;
  expect(visit?.searchParams.get("resource")).toBe(resource.url);
  expect(visit?.searchParams.get("code_challenge_method")).toBe("S256");
  expect(visit?.searchParams.get("scope")).toBe("reports:read offline_access");
  expect(provider.tokenRequests()[0]?.form).toMatchObject({ resource: resource.url });
});

test("afterwards nothing but the request itself is sent, also to what is below the resource", async () => {
  const fetch = agent();
  await fetch(resource.url);
  provider.clearRequests();
  resource.requests.length = 0;
  for (const path of ["", "/", "/tools?page=2"])
    expect((await fetch(`${resource.url}${path}`)).status).toBe(200);
  expect(provider.requests).toEqual([]);
  expect(resource.requests.map(({ token }) => token !== undefined)).toEqual([true, true, true]);
  await fetch(`${resource.origin}/mcp-of-somebody-else`).catch(() => undefined);
  expect(resource.calls().at(-1)?.token).toBeUndefined();
});

test("a client that the issuer has forgotten registers again, once, and the user signs in again", async () => {
  const fetch = agent();
  await fetch(resource.url);
  const old = user.visits[0]?.searchParams.get("client_id") ?? "";
  await forget(old);
  const tokens = new Set(resource.calls().map(({ token }) => token));
  resource.accepts = (token) => !tokens.has(token);
  provider.clearRequests();
  const responses = await Promise.all([1, 2, 3].map(() => fetch(resource.url)));
  expect(responses.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(seen().filter((one) => one === "reg")).toHaveLength(1);
  expect(user.visits).toHaveLength(2);
  expect(user.visits[1]?.searchParams.get("client_id")).not.toBe(old);
});

test("callers at the same time ask the user once", async () => {
  const fetch = agent();
  const responses = await Promise.all(Array.from({ length: 20 }, () => fetch(resource.url)));
  expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  expect(user.visits).toHaveLength(1);
  expect(provider.tokenRequests()).toHaveLength(1);
  expect(seen().filter((one) => one === "reg")).toHaveLength(1);
});

test("the next start of the program needs neither discovery nor the user", async () => {
  const store = createMemoryTokenStore();
  await agent({ cache: { store } })(resource.url);
  provider.clearRequests();
  resource.requests.length = 0;
  const { openBrowser: _, ...quiet } = {
    client: { name: "Agent" },
    system,
    cache: { store },
    openBrowser: 0,
  };
  expect((await createResourceFetch(quiet)(resource.url)).status).toBe(200);
  expect(provider.requests).toEqual([]);
  expect(resource.requests).toHaveLength(1);
});

test("a program that may not ask the user gets an error that says so", async () => {
  const quiet = createResourceFetch({ client: { name: "Agent" }, system, allowIssuer: () => true });
  await expect(quiet(resource.url)).rejects.toMatchObject({ errorCode: "no_tokens_found" });
  expect(seen()).not.toContain("reg");
});

test("a user without a browser on this machine signs in with a device code", async () => {
  let signedIn: Promise<unknown> = Promise.resolve();
  const fetch = agent({
    openBrowser: undefined,
    allowIssuer: () => true,
    onDeviceCode: ({ verificationUri, userCode }) => {
      signedIn = signInOnDevice(verificationUri, userCode, { username: "alice", password: "any" });
    },
    system: { ...system, clock: { now: () => Date.now(), sleep: async () => void (await signedIn) } },
  });
  expect((await fetch(resource.url)).status).toBe(200);
  expect((await fetch(resource.url)).status).toBe(200);
  const device = provider.requests.filter(({ path }) => path === "/device/auth");
  expect(device.map(({ form }) => form)).toMatchObject([
    { resource: resource.url, scope: "reports:read offline_access" },
  ]);
  expect(resource.calls().map(({ token }) => token !== undefined)).toEqual([false, true, true]);
});

test("a registration is used at its issuer, with its secret", async () => {
  const { clientId, clientSecret } = provider.clients.basic;
  const registered = { [provider.url]: { clientId, clientSecret } };
  const client = { registered, redirectUri: "http://localhost/signed-in" };
  expect((await agent({ client })(resource.url)).status).toBe(200);
  expect(seen()).not.toContain("reg");
  expect(provider.tokenRequests()[0]?.headers["authorization"]).toMatch(/^Basic /);
});
