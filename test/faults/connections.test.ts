// Connections to one host: shared, capped, queued within the time of each call, closed; idle ones that the server has closed.
// proves: node/src/http/lanes.ts, core/src/flight/under-way.ts, node/src/http/shared-http-client.ts, node/src/endpoints-application.ts
import { once } from "node:events";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeSystemOptions } from "@tessera/node";
import { Lanes } from "../../packages/node/src/http/lanes.js";
import { makeCertificate } from "../support/certificates.js";
import { eventually } from "../support/eventually.js";

const authority = makeCertificate({ subject: "Faults CA", keyType: "ec" });
const own = makeCertificate({
  subject: "localhost",
  issuer: authority,
  keyType: "ec",
  dnsNames: ["localhost"],
});
let server: Server;
let url: string;
let connections: number;
let most: number;
const open = new Set<Socket>();
let respond: () => void | Promise<void>;

beforeEach(async () => {
  connections = 0;
  most = 0;
  respond = () => undefined;
  server = createServer({ key: own.privateKeyPem, cert: own.certificatePem }, (request, response) => {
    const { socket } = request;
    void Promise.resolve(respond()).then(() => {
      if (socket.destroyed) return;
      const isDocument = request.method === "GET";
      response.setHeader("content-type", "application/json");
      response.end(
        JSON.stringify(
          isDocument
            ? { issuer: url, token_endpoint: `${url}/token`, authorization_endpoint: `${url}/authorize` }
            : {
                access_token: "an-access-token",
                token_type: "Bearer",
                expires_in: 3600,
                refresh_token: "of-ada",
              },
        ),
      );
    });
  });
  server.on("secureConnection", (socket: Socket) => {
    connections += 1;
    open.add(socket);
    most = Math.max(most, open.size);
    socket.once("close", () => open.delete(socket));
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  url = `https://localhost:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const application = (system: NodeSystemOptions = {}) =>
  new ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "the-secret", oidcAuthority: url },
    system: { ca: authority.certificatePem, ...system },
  });
const ask = (app: ConfidentialClientApplication, scope: number, more: object = {}) =>
  app.acquireTokenByClientCredential({ scopes: [`api:${scope}`], ...more });
const many = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("applications with equal settings", () => {
  it("share their connections, and other ones do not", async () => {
    const first = application();
    for (const index of many(10)) await ask(index === 0 ? first : application(), index);
    // The token may be asked for while the answer with the document still ends.
    expect(connections).toBeLessThanOrEqual(2);
    const before = connections;
    await ask(application({ maxConnections: 7 }), 0);
    expect(connections).toBeGreaterThan(before);
  });

  it("close them when the last one is closed; a later request opens new ones", async () => {
    const [first, second] = [application({ maxConnections: 8 }), application({ maxConnections: 8 })];
    await ask(first, 0);
    await first.close();
    await first.close();
    expect(open.size).toBeGreaterThan(0);
    await ask(second, 0);
    await second.close();
    while (open.size > 0) await Promise.all(Array.from(open, (socket) => once(socket, "close")));
    const before = connections;
    await ask(second, 1);
    expect(connections).toBeGreaterThan(before);
    await second.close();
  });
});

it("close waits for the requests that wait for a connection, also those that are sent only once", async () => {
  const app = application({ maxConnections: 2, retries: 0 });
  await ask(app, 0);
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  let received = 0;
  respond = () => {
    received += 1;
    return held;
  };
  const waiting = many(20).map((scope) =>
    app.acquireTokenByRefreshToken({
      scopes: [`api:${scope}`],
      refreshToken: `of-${scope}`,
      forceCache: true,
    }),
  );
  await eventually(() => received === 2);
  const closed = app.close();
  go();
  expect(await Promise.all(waiting)).toHaveLength(20);
  await closed;
  await eventually(() => open.size === 0);
});

it("a host gets as many connections as are allowed, and the other requests wait", async () => {
  const app = application({ maxConnections: 5 });
  await ask(app, 0);
  const results = await Promise.all(many(60).map((scope) => ask(app, scope)));
  expect(results).toHaveLength(60);
  expect(most).toBeLessThanOrEqual(5);
});

it("a host that takes 20 connections serves a thousand users at once, and nobody fails", async () => {
  server.maxConnections = 20;
  // A busy machine may take longer than usual.
  const app = application({ callTimeoutMs: 300_000 });
  await ask(app, 0);
  const refresh = (user: number) =>
    app.acquireTokenByRefreshToken({ scopes: ["api"], refreshToken: `of-user-${user}`, forceCache: true });
  const results = await Promise.all(many(1000).map((one) => (one % 2 ? refresh(one) : ask(app, one))));
  expect(results.filter(({ accessToken }) => accessToken === "an-access-token")).toHaveLength(1000);
  expect(most).toBeLessThanOrEqual(20);
});

it("a call that waits for a connection ends in its own time", async () => {
  const app = application({ maxConnections: 1 });
  await ask(app, 0);
  let go = (): void => undefined;
  respond = () => new Promise((resolve) => (go = resolve));
  const first = ask(app, 1);
  while (open.size === 0) await new Promise((resolve) => setImmediate(resolve));
  await expect(ask(app, 2, { timeoutMs: 30 })).rejects.toMatchObject({
    errorCode: "request_timeout",
    isRetryable: true,
  });
  respond = () => undefined;
  while (
    !(await Promise.race([first.then(() => true), new Promise((resolve) => setImmediate(resolve, false))]))
  )
    go();
});

it("calls whose time ends while they wait for a connection do not count against the host", async () => {
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => (go = resolve));
  respond = () => held;
  const first = ask(application({ maxConnections: 1 }), 0);
  await eventually(() => open.size === 1);
  const authorityMetadata = JSON.stringify({
    issuer: url,
    token_endpoint: `${url}/token`,
    authorization_endpoint: `${url}/authorize`,
  });
  const hurried = new ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "the-secret", oidcAuthority: url, authorityMetadata },
    system: { ca: authority.certificatePem, maxConnections: 1, callTimeoutMs: 50, retries: 0 },
  });
  const outcomes = await Promise.allSettled(many(12).map((scope) => ask(hurried, scope)));
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({
      reason: { errorMessage: expect.stringContaining("was free in time"), isRetryable: true },
    });
  for (const { circuit, failures } of hurried.diagnostics().hosts)
    expect({ circuit, failures }).toEqual({ circuit: "closed", failures: 0 });
  go();
  await first;
});

describe("lanes", () => {
  const signal = new AbortController().signal;
  it("are fewer after a refusal, and more again as the host answers", async () => {
    const lanes = new Lanes(4);
    for (const _ of many(4)) expect(lanes.enter("a", signal)).toBeUndefined();
    lanes.refused("a", 2);
    lanes.leave("a");
    lanes.leave("a");
    expect(lanes.usedTo("a")).toBe(2);
    const third = lanes.enter("a", signal);
    expect(third).toBeInstanceOf(Promise);
    lanes.answered("a");
    lanes.answered("a");
    await third;
    expect(lanes.usedTo("a")).toBe(3);
    expect(lanes.enter("b", signal)).toBeUndefined();
  });

  it("are not for a caller that has left before it asks for one", () => {
    const lanes = new Lanes(1);
    expect(() => lanes.enter("a", AbortSignal.abort(new Error("gone")))).toThrow("gone");
    expect(lanes.usedTo("a")).toBe(0);
  });
});
