// Through a real proxy to an identity provider over HTTPS. (What never goes through one: security/loopback-bypasses-the-proxy.)
// proves: node/src/http/undici-http-client.ts
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeSystemOptions } from "@tessera/node";
import { hasNetworkName, startNetworkProvider, type NetworkProvider } from "../support/network-provider.js";
import { withoutProxyVariables } from "../support/proxy-variables.js";
import { describeWith } from "../support/real-part.js";
import { hasTinyproxy, startTinyproxy, type Tinyproxy } from "../support/tinyproxy.js";

const scopes = ["api"];
let restore = (): void => undefined;

describeWith("tinyproxy and a name of this machine", hasTinyproxy() && (await hasNetworkName()), () => {
  const user = { name: "ada", password: "p-ss-of-the-proxy" };
  let provider: NetworkProvider;
  let proxy: Tinyproxy;
  let guarded: Tinyproxy;
  let authority: string;
  let name: string;

  beforeAll(async () => {
    [provider, proxy, guarded] = await Promise.all([
      startNetworkProvider(),
      startTinyproxy(),
      startTinyproxy(user),
    ]);
    authority = provider.host;
    name = new URL(provider.url).hostname;
  });
  afterAll(() => Promise.all([provider.close(), proxy.close(), guarded.close()]));
  beforeEach(() => {
    restore = withoutProxyVariables();
    proxy.clear();
    guarded.clear();
    provider.requests.length = 0;
  });
  afterEach(() => {
    restore();
  });

  const tokenRequests = () => provider.requests.filter((path) => path === "/token").length;
  const ask = async (system: NodeSystemOptions = {}) => {
    const app = new ConfidentialClientApplication({
      auth: { clientId: "the-client", clientSecret: "the-secret", oidcAuthority: provider.url },
      system: { ca: provider.caPem, ...system },
    });
    try {
      return await app.acquireTokenByClientCredential({ scopes });
    } finally {
      // Applications with equal settings share tunnels: the next one is to open its own.
      await app.close();
    }
  };

  it("system.proxy: every request goes through it, and the TLS inside is checked", async () => {
    expect(await ask({ proxy: proxy.url })).toMatchObject({ fromCache: false, tokenType: "Bearer" });
    expect(new Set(await proxy.tunnels())).toEqual(new Set([authority]));
    expect(tokenRequests()).toBe(1);
    await expect(ask({ proxy: proxy.url, ca: [] })).rejects.toMatchObject({
      errorCode: "endpoints_resolution_error",
      cause: { errorCode: "network_error", message: expect.stringMatching(/certificate/) },
    });
    expect(tokenRequests()).toBe(1);
  });

  it("system.proxy with user name and password", async () => {
    const url = guarded.url.replace("//", `//${user.name}:${user.password}@`);
    expect(await ask({ proxy: url })).toMatchObject({ fromCache: false });
    expect(await guarded.tunnels()).toContain(authority);
  });

  it.each([
    ["that are wrong", () => guarded.url.replace("//", `//${user.name}:not-the-${user.password}@`)],
    ["of a proxy that is not there", () => `http://${user.name}:${user.password}@127.0.0.1:1`],
  ])("system.proxy with user name and password %s: the error does not hold them", async (_, url) => {
    const error: unknown = await ask({ proxy: url() }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      errorCode: "endpoints_resolution_error",
      cause: { errorCode: "network_error" },
    });
    const text = inspect(error, { depth: Infinity, showHidden: true });
    expect(text).not.toContain(user.password);
    expect(text).not.toContain(Buffer.from(`${user.name}:`).toString("base64").slice(0, 5));
    expect(provider.requests).toEqual([]);
  });

  it.each(["HTTPS_PROXY", "https_proxy"])("%s of the environment is used", async (name) => {
    process.env[name] = proxy.url;
    expect(await ask()).toMatchObject({ fromCache: false });
    expect(await proxy.tunnels()).toContain(authority);
  });

  it.each(["{name}", "other.example,{name}", "*"])(
    "NO_PROXY=%s is an exception to it",
    async (exceptions) => {
      process.env["HTTPS_PROXY"] = proxy.url;
      process.env["NO_PROXY"] = exceptions.replace("{name}", name);
      expect(await ask()).toMatchObject({ fromCache: false });
      expect(await proxy.tunnels()).toEqual([]);
    },
  );

  it("NO_PROXY that names another host is none", async () => {
    process.env["HTTPS_PROXY"] = proxy.url;
    process.env["NO_PROXY"] = `x${name},example.com,${name}.example`;
    await ask();
    expect(await proxy.tunnels()).toContain(authority);
  });

  it("proxy: false means none, whatever the environment says", async () => {
    process.env["HTTPS_PROXY"] = proxy.url;
    expect(await ask({ proxy: false })).toMatchObject({ fromCache: false });
    expect(await proxy.tunnels()).toEqual([]);
  });

  it("the proxy of the app comes before that of the environment", async () => {
    process.env["HTTPS_PROXY"] = "http://127.0.0.1:1";
    expect(await ask({ proxy: proxy.url })).toMatchObject({ fromCache: false });
    expect(await proxy.tunnels()).toContain(authority);
  });

  it("HTTP_PROXY is used for HTTPS, too, where there is no HTTPS_PROXY", async () => {
    process.env["HTTP_PROXY"] = proxy.url;
    await ask();
    expect(await proxy.tunnels()).toContain(authority);
  });
});
