// Proxies that fail: a call ends in its time, and what it began ends with it. (A proxy that works: flows/proxy.)
// proves: node/src/http/tunnel.ts, node/src/http/connect.ts, node/src/http/connections.ts
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeSystemOptions } from "@tessera/node";
import { withoutProxyVariables } from "../support/proxy-variables.js";
import { startFaultyProxy } from "./faulty-proxy.js";

let restore = (): void => undefined;
beforeAll(() => {
  restore = withoutProxyVariables();
});
afterAll(() => {
  restore();
});

/** Never reached: only the proxy is asked for it. */
const authority = "https://login.microsoftonline.com/b4a4a4a4-0000-4000-8000-0000000000f1";
const clock = { now: () => Date.now(), sleep: async () => undefined };
const application = (system: NodeSystemOptions) =>
  new ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "the-secret", authority },
    system: { clock, ...system },
  });
const ask = (app: ConfidentialClientApplication, more: object = {}) =>
  app.acquireTokenByClientCredential({ scopes: ["https://api.example/.default"], ...more });

interface Way {
  readonly respond: (socket: Socket) => void;
  /** What the error says. */
  readonly says: RegExp;
  /** Whether the call ends only because of its limit. */
  readonly hangs?: true;
}

const answer = (line: string) => (socket: Socket) =>
  socket.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`);
const ways: Readonly<Record<string, Way>> = {
  "drops the request for a tunnel": { respond: (socket) => socket.destroy(), says: /socket hang up/ },
  "resets the connection": {
    respond: (socket) => socket.resetAndDestroy(),
    says: /ECONNRESET|socket hang up/,
  },
  "wants a password": {
    respond: answer("407 Proxy Authentication Required"),
    says: /HTTP 407: it requires a user name and a password/,
  },
  "does not reach the host": {
    respond: answer("502 Bad Gateway"),
    says: /HTTP 502 to the request for a tunnel/,
  },
  "does not speak HTTP": { respond: (socket) => socket.end("SSH-2.0-x\r\n"), says: /Parse Error/ },
  "closes the tunnel": {
    respond: (socket) => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.once("data", () => socket.destroy());
    },
    says: /before secure TLS connection was established/,
  },
  hangs: { respond: () => undefined, says: /No response within/, hangs: true },
  "hangs inside the tunnel": {
    respond: (socket) => void socket.write("HTTP/1.1 200 OK\r\n\r\n"),
    says: /No response within/,
    hangs: true,
  },
};

describe.each(["system.proxy", "HTTPS_PROXY"])("%s names a proxy that", (setting) => {
  it.each(Object.entries(ways))("%s: the call fails in its time, and nothing goes on", async (_, way) => {
    const proxy = await startFaultyProxy(way.respond);
    if (setting === "HTTPS_PROXY") process.env["HTTPS_PROXY"] = proxy.url;
    const app = application({
      ...(setting === "system.proxy" ? { proxy: proxy.url } : {}),
      ...(way.hangs ? { callTimeoutMs: 60 } : {}),
    });
    await expect(ask(app)).rejects.toMatchObject({
      errorCode: "network_error",
      errorMessage: expect.stringMatching(way.says),
      isRetryable: true,
    });
    delete process.env["HTTPS_PROXY"];
    await proxy.left();
    // Each attempt asks once: the request has not been sent, so it is tried again, while there is time.
    expect(proxy.asked()).toBe(way.hangs ? 1 : 3);
    await proxy.close();
  });
});

it.each([
  ["100%", "100%"],
  ["100%25", "100%"],
  ["p%40ss", "p@ss"],
])("a password in the proxy's URL may be written %s", async (written, password) => {
  let request = "";
  const proxy = await startFaultyProxy(
    (socket) => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"),
    (text) => {
      request = text;
    },
  );
  const app = application({ proxy: proxy.url.replace("://", `://user:${written}@`), retries: 0 });
  await expect(ask(app)).rejects.toMatchObject({ errorMessage: expect.stringContaining("HTTP 502") });
  const credentials = Buffer.from(`user:${password}`).toString("base64");
  expect(request.toLowerCase()).toContain(`proxy-authorization: basic ${credentials.toLowerCase()}`);
  await proxy.close();
});

it("a caller that leaves takes the connection along", async () => {
  const proxy = await startFaultyProxy(() => undefined);
  const app = application({ proxy: proxy.url });
  const caller = new AbortController();
  const call = ask(app, { signal: caller.signal });
  while (proxy.asked() === 0) await new Promise((resolve) => setImmediate(resolve));
  caller.abort();
  await expect(call).rejects.toMatchObject({ errorCode: "request_aborted" });
  await proxy.left();
  expect(proxy.asked()).toBe(1);
  await proxy.close();
});

it("a proxy that is not there is an error of the network", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  await expect(ask(application({ proxy: `http://127.0.0.1:${port}` }))).rejects.toMatchObject({
    errorCode: "network_error",
    errorMessage: expect.stringMatching(/ECONNREFUSED/),
    attempts: 3,
  });
});
