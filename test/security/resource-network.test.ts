// What a resource and its issuer name is fetched only from where they are themselves, whatever a name leads to.
// proves: node/src/http/network-zone.ts, node/src/resource/metadata-client.ts, node/src/resource/issuer-metadata.ts
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { createResourceFetch, type ResourceFetchOptions } from "@tessera/node";
import {
  lookupWithin,
  requireReach,
  resolvedZone,
  zoneOfHost,
  type Zone,
} from "../../packages/node/src/http/network-zone.js";
import { fromNetworkModule } from "../../packages/node/src/http/network-client.js";
import { createUndiciHttpClient } from "../../packages/node/src/http/undici-http-client.js";
import { startFakeIssuer, type FakeIssuer, type IssuerReply } from "../support/fake-issuer.js";
import { startResource, type TestResource } from "../support/protected-resource.js";

const dns = process.getBuiltinModule("node:dns");
type Addresses = readonly { readonly address: string; readonly family: number }[];
const leadsTo = (...addresses: readonly string[]) =>
  ((_name: string, _options: unknown, callback: (error: null, found: Addresses) => void) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    )) as never;

test.each([
  ["93.184.216.34", "public"],
  ["[2606:2800:220:1::1]", "public"],
  ["10.1.2.3", "private"],
  ["192.168.0.1", "private"],
  ["172.31.255.255", "private"],
  ["100.64.0.1", "private"],
  ["[fd00::1]", "private"],
  ["[64:ff9b::a01:203]", "private"],
  ["0.0.0.0", "loopback"],
  ["[::]", "loopback"],
  ["[::ffff:0:0]", "loopback"],
  ["169.254.169.254", "link-local"],
  ["[fe80::1]", "link-local"],
  ["[::ffff:a9fe:a9fe]", "link-local"],
  ["127.0.0.1", "loopback"],
  ["[::1]", "loopback"],
  ["[::ffff:7f00:1]", "loopback"],
  ["localhost", "loopback"],
  ["app.localhost.", "loopback"],
  ["idp.example", undefined],
])("%s is %s", (host, zone) => expect(zoneOfHost(host)).toBe(zone));

const zones: Readonly<Record<Zone, string>> = {
  public: "93.184.216.34",
  private: "10.1.2.3",
  "link-local": "169.254.169.254",
  loopback: "127.0.0.1",
};
describe.each([
  ["public", ["public"]],
  ["private", ["public", "private"]],
  ["link-local", ["public", "private", "link-local"]],
  ["loopback", ["public", "private", "loopback"]],
] as const)("a %s server", (from, allowed) => {
  test.each(Object.entries(zones))("and a %s address", (zone, address) => {
    const isAllowed = (allowed as readonly string[]).includes(zone);
    const check = (): void => requireReach(address, { from });
    if (isAllowed) expect(check).not.toThrow();
    else expect(check).toThrow("must not name");
    const outcome = jest.fn();
    lookupWithin({ from }, leadsTo(address))("idp.example", { all: true }, outcome);
    const [error, found] = outcome.mock.calls[0] as [Error | null, Addresses];
    expect(error === null).toBe(isAllowed);
    if (isAllowed) expect(found.map((one) => one.address)).toEqual([address]);
  });
});

test("of the addresses of a name, only those within reach are used", () => {
  const outcome = jest.fn();
  lookupWithin({ from: "public" }, leadsTo("10.1.2.3", "93.184.216.34"))("idp.example", {}, outcome);
  expect(outcome).toHaveBeenCalledWith(null, "93.184.216.34", 4);
});

test("a name is as far away as its farthest address, and public if it cannot be resolved here", async () => {
  expect(await resolvedZone("idp.example", leadsTo("10.1.2.3", "93.184.216.34"))).toBe("public");
  expect(await resolvedZone("idp.example", leadsTo("10.1.2.3"))).toBe("private");
  const fails = ((_name: string, _options: unknown, callback: (error: Error) => void) =>
    callback(new Error("ENOTFOUND"))) as never;
  expect(await resolvedZone("idp.example", fails)).toBe("public");
});

describe("with a name that leads to this machine", () => {
  let issuer: FakeIssuer;
  beforeEach(async () => {
    issuer = await startFakeIssuer();
    jest.spyOn(dns, "lookup").mockImplementation(leadsTo("127.0.0.1"));
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await issuer.close();
  });
  const send = (url: string, from: Zone | undefined) =>
    createUndiciHttpClient({ proxy: false, limits: from ? { reach: { from } } : {} }).send({
      method: "GET",
      url,
      headers: {},
      signal: new AbortController().signal,
      timeoutMs: 5000,
      maxResponseBytes: 1000,
    });
  const there = () => `http://rebound.example:${new URL(issuer.url).port}/`;

  test("the connection is refused where it is made, and nothing has been received", async () => {
    for (const from of ["public", "private", "link-local"] as const)
      await expect(send(there(), from)).rejects.toMatchObject({
        message: expect.stringContaining("must not name"),
      });
    for (const host of ["127.0.0.1", "localhost"])
      await expect(send(issuer.url.replace("localhost", host), "public")).rejects.toThrow("must not name");
    expect(issuer.requests).toEqual([]);
  });

  test("an app's own network client is not asked for an address out of reach", async () => {
    const network = { sendGetRequestAsync: jest.fn<never>(), sendPostRequestAsync: jest.fn<never>() };
    const request = {
      method: "GET",
      url: issuer.url,
      headers: {},
      timeoutMs: 1,
      maxResponseBytes: 1,
    } as const;
    const sending = fromNetworkModule(network, { from: "public" }).send({
      ...request,
      signal: new AbortController().signal,
    });
    await expect(sending).rejects.toThrow("must not name");
    expect(network.sendGetRequestAsync).not.toHaveBeenCalled();
  });

  test("a server on this machine may name it", async () => {
    expect((await send(there(), "loopback")).status).toBe(404);
  });
});

describe("an issuer", () => {
  let issuer: FakeIssuer;
  let resource: TestResource;
  beforeEach(async () => {
    issuer = await startFakeIssuer();
    resource = await startResource(issuer.url);
  });
  afterEach(() => Promise.all([issuer.close(), resource.close()]));
  const opened: string[] = [];
  const call = (over: Partial<ResourceFetchOptions> = {}) =>
    createResourceFetch({
      client: { name: "Agent" },
      openBrowser: (url) => {
        opened.push(url);
        return issuer.openBrowser(url);
      },
      system: { proxy: false, retries: 0 },
      ...over,
    })(resource.url);
  beforeEach(() => void (opened.length = 0));

  test.each([
    "javascript:alert(1)",
    "file:///etc/passwd",
    "vscode://open",
    "data:text/html,hello",
    "http://idp.example/authorize",
    "\\\\server\\share",
    "",
  ])("that has the authorization endpoint %p opens no browser", async (endpoint) => {
    issuer.metadata = { authorization_endpoint: endpoint };
    await expect(call()).rejects.toMatchObject({ errorCode: "openid_config_error" });
    expect(opened).toEqual([]);
  });

  test.each(["registration_endpoint", "token_endpoint"])(
    "with a %s that is not encrypted gets nothing there",
    async (name) => {
      issuer.metadata = { [name]: "http://idp.example/endpoint" };
      await expect(call()).rejects.toMatchObject({
        errorCode: expect.stringMatching(/client_id_missing|openid_config_error/),
      });
    },
  );

  test.each(["/.well-known/oauth-authorization-server", "/register", "/token"])(
    "that redirects from %s is not followed",
    async (from) => {
      const location = `${resource.origin}/stolen`;
      issuer.reply = ({ path }): IssuerReply | undefined =>
        path === from ? { status: 307, headers: { location } } : undefined;
      await expect(call()).rejects.toThrow();
      expect(resource.requests.map(({ path }) => path)).not.toContain("/stolen");
    },
  );

  test("whose metadata never end is left after two megabytes", async () => {
    issuer.reply = () => ({ body: `{"issuer":"${"x".repeat(3_000_000)}"}` });
    await expect(call()).rejects.toMatchObject({ errorCode: "network_error" });
  });

  test("that announces no PKCE with S256 gets no user", async () => {
    for (const methods of [undefined, ["plain"], "S256"]) {
      issuer.metadata = { code_challenge_methods_supported: methods };
      await expect(call()).rejects.toMatchObject({ errorCode: "openid_config_error" });
    }
    expect(opened).toEqual([]);
  });

  test.each([
    ["is another's", () => ({ issuer: "https://idp.example" })],
    ["has another path", () => ({ issuer: `${issuer.url}/other` })],
    ["is missing", () => ({ issuer: undefined })],
  ])("whose metadata's issuer %s is not used", async (_title, metadata) => {
    issuer.metadata = metadata();
    await expect(call()).rejects.toMatchObject({ errorCode: "openid_config_error" });
    expect(opened).toEqual([]);
  });

  test.each([
    ["another's", () => "https://idp.example"],
    ["in other letters", () => issuer.url.replace("localhost", "LOCALHOST")],
    ["with a slash", () => `${issuer.url}/`],
    ["missing, though promised", () => undefined],
  ])("whose response has an iss that is %s gets no code", async (_title, iss) => {
    issuer.metadata = { authorization_response_iss_parameter_supported: true };
    issuer.answer = (parameters) => {
      const value = iss();
      if (value !== undefined) parameters.set("iss", value);
    };
    await expect(call()).rejects.toMatchObject({ errorCode: "invalid_state" });
    expect(issuer.tokenRequests()).toEqual([]);
  });

  test("needs nothing in its metadata that is not used", async () => {
    issuer.metadata = {
      userinfo_endpoint: 42,
      jwks_uri: "http://idp.example/keys",
      revocation_endpoint: "nowhere",
    };
    expect((await call()).status).toBe(200);
  });
});
