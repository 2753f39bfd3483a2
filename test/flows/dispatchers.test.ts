// The undici dispatcher that a request takes: the app's own, that of the process, or ours.
// proves: node/src/http/dispatchers.ts, node/src/http/intercepted.ts, node/src/http/text-headers.ts, node/src/http/load-undici.ts
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeSystemOptions } from "@tessera/node";
import { Agent, getGlobalDispatcher, MockAgent, ProxyAgent, setGlobalDispatcher } from "undici";
import { clientId, clientSecret, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { withoutProxyVariables } from "../support/proxy-variables.js";
import { startRecordingProxy, type RecordingProxy } from "../support/recording-proxy.js";

const tenant = "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1";
const before = getGlobalDispatcher();
const { fetch } = globalThis;
let restore = (): void => undefined;
let provider: FakeProvider;
let proxy: RecordingProxy;

beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  restore = withoutProxyVariables();
  proxy = await startRecordingProxy();
  provider.reset();
});
afterEach(async () => {
  restore();
  setGlobalDispatcher(before);
  globalThis.fetch = fetch;
  await proxy.close();
});

const token = { token_type: "Bearer", expires_in: 3600 };
const mocked = (accessToken: string): MockAgent => {
  const agent = new MockAgent();
  agent.disableNetConnect();
  agent
    .get(new URL(tenant).origin)
    .intercept({
      path: (path) => path.startsWith(`${new URL(tenant).pathname}/oauth2/v2.0/token`),
      method: "POST",
    })
    .reply(200, { ...token, access_token: accessToken }, { headers: { "X-Twice": ["1", "2"] } });
  return agent;
};
const ask = (system: NodeSystemOptions = {}, auth: object = { authority: tenant }) =>
  new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...auth }, system })
    .acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] })
    .then(({ accessToken }) => accessToken);
const local = () => ({ oidcAuthority: provider.url });

describe("system.dispatcher", () => {
  it("takes the requests, whatever the environment and the process say", async () => {
    process.env["HTTPS_PROXY"] = proxy.url;
    setGlobalDispatcher(mocked("of the process"));
    expect(await ask({ dispatcher: mocked("of the app") })).toBe("of the app");
    expect(proxy.asked).toEqual([]);
  });

  it("is used by a fetch that somebody has put around the runtime's", async () => {
    let calls = 0;
    globalThis.fetch = (...request) => {
      calls += 1;
      return fetch(...request);
    };
    expect(await ask({ dispatcher: mocked("of the app") })).toBe("of the app");
    expect(calls).toBe(1);
  });

  it("that may be a proxy is not used for this machine", async () => {
    expect(await ask({ dispatcher: new ProxyAgent(proxy.url) }, local())).toBe("an-access-token");
    expect(proxy.asked).toEqual([]);
    await expect(ask({ dispatcher: new ProxyAgent(proxy.url) })).rejects.toMatchObject({
      errorCode: "network_error",
    });
    expect(new Set(proxy.asked)).toEqual(new Set(["login.microsoftonline.com:443"]));
  });

  it.each([
    ["has no dispatch", { dispatcher: {} as Agent }, /^system\.dispatcher lacks dispatch/],
    [
      "is given beside system.proxy",
      { dispatcher: new Agent(), proxy: "http://127.0.0.1:1" },
      /^system\.dispatcher is given beside system\.proxy/,
    ],
  ])("that %s is refused", (_, system, message) => {
    expect(() => new ConfidentialClientApplication({ auth: { clientId, clientSecret }, system })).toThrow(
      expect.objectContaining({ errorCode: "invalid_option", errorMessage: expect.stringMatching(message) }),
    );
  });
});

describe("the global dispatcher", () => {
  it.each<[string, NodeSystemOptions]>([
    ["nothing is configured", {}],
    ["the app has a proxy", { proxy: "http://127.0.0.1:1" }],
    ["the app wants none", { proxy: false }],
  ])("a MockAgent answers: %s", async (_, system) => {
    process.env["HTTPS_PROXY"] = proxy.url;
    setGlobalDispatcher(mocked("of the process"));
    expect(await ask(system)).toBe("of the process");
    expect(proxy.asked).toEqual([]);
  });

  it("a MockAgent answers for this machine, too", async () => {
    const agent = new MockAgent();
    agent.disableNetConnect();
    setGlobalDispatcher(agent);
    await expect(ask({}, local())).rejects.toMatchObject({ errorCode: "endpoints_resolution_error" });
    expect(provider.requests).toEqual([]);
  });

  it("a MockAgent that has been deactivated is not asked", async () => {
    const agent = mocked("of the process");
    setGlobalDispatcher(agent);
    agent.deactivate();
    expect(await ask({}, local())).toBe("an-access-token");
  });

  it("a proxy is used as by fetch, and not for this machine", async () => {
    setGlobalDispatcher(new ProxyAgent(proxy.url));
    expect(await ask({}, local())).toBe("an-access-token");
    expect(proxy.asked).toEqual([]);
    await expect(ask()).rejects.toMatchObject({ errorCode: "network_error" });
    expect(new Set(proxy.asked)).toEqual(new Set(["login.microsoftonline.com:443"]));
  });

  it("what the app configures comes before it", async () => {
    const app = await startRecordingProxy();
    setGlobalDispatcher(new ProxyAgent(proxy.url));
    await expect(ask({ proxy: app.url })).rejects.toMatchObject({ errorCode: "network_error" });
    expect(new Set(app.asked)).toEqual(new Set(["login.microsoftonline.com:443"]));
    expect(proxy.asked).toEqual([]);
    await app.close();
  });
});

describe("a fetch that has been replaced", () => {
  it("is used until the runtime's is back", async () => {
    const asked: string[] = [];
    globalThis.fetch = async (url) => {
      asked.push(typeof url === "string" ? (url.split("?", 1)[0] ?? "") : "not a string");
      return Response.json({ ...token, access_token: "of the stub" });
    };
    expect(await ask()).toBe("of the stub");
    expect(asked).toEqual([`${tenant}/oauth2/v2.0/token`]);
    globalThis.fetch = fetch;
    expect(await ask({}, local())).toBe("an-access-token");
    expect(asked).toHaveLength(1);
  });

  it("is not asked for this machine by way of a proxy", async () => {
    process.env["HTTP_PROXY"] = proxy.url;
    setGlobalDispatcher(new ProxyAgent(proxy.url));
    globalThis.fetch = (...request) => fetch(...request);
    expect(await ask({}, local())).toBe("an-access-token");
    expect(proxy.asked).toEqual([]);
  });

  it("answers no more than the limit, and no longer than the call waits", async () => {
    globalThis.fetch = async () => new Response("x".repeat(3 * 1024 * 1024));
    await expect(ask()).rejects.toMatchObject({
      errorCode: "network_error",
      errorMessage: expect.stringMatching(/longer than/),
    });
    globalThis.fetch = () => new Promise(() => undefined);
    const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, authority: tenant } });
    const caller = new AbortController();
    const call = app.acquireTokenByClientCredential({ scopes: ["a/.default"], signal: caller.signal });
    caller.abort();
    await expect(call).rejects.toMatchObject({ errorCode: "request_aborted" });
  });

  it("is that below the one of Next.js, which would keep answers on the disk", async () => {
    const next = Object.assign(() => Promise.reject(new Error("kept")), {
      _nextOriginalFetch: async () => Response.json({ ...token, access_token: "of the stub" }),
    });
    globalThis.fetch = next;
    expect(await ask()).toBe("of the stub");
  });
});

describe("Bun, whose module under the bare name undici sends nothing,", () => {
  afterEach(() => {
    Reflect.deleteProperty(process.versions, "bun");
  });

  it("gets the package by the path of its file", async () => {
    // A path that leads nowhere would not fail here, because Node.js has a copy of undici.
    const source = new URL("../../packages/node/src/http/load-undici.ts", import.meta.url);
    const [, path = ""] = /"bun" in .* \? import\("(.*?)"\)/.exec(readFileSync(source, "utf8")) ?? [];
    expect(await import(path)).toMatchObject({ Agent });
    Object.defineProperty(process.versions, "bun", { value: "1.4.5", configurable: true });
    expect(await ask({ proxy: false, maxConnections: 7 }, local())).toBe("an-access-token");
  });
});
