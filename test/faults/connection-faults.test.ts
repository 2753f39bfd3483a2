// Faults of the connection itself, for every kind of request: refused, a name that is not found, TLS in five ways, and a kept
// connection that the server has closed. What the caller gets, how often it is tried, and that nothing is lost.
// proves: node/src/http/connect.ts, core/src/http/retry-policy.ts
import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { AuthError, type ConfidentialClientApplication } from "@tessera/node";
import { makeCertificate, type MadeCertificate } from "../support/certificates.js";
import { accountOf } from "../support/entra.js";
import { redeem, scopes, secrets, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";

let provider: FakeProvider;
/** Servers whose connections come to nothing, and how many there were. */
const servers = new Map<string, { readonly origin: string; readonly connections: () => number }>();
const listening: Server[] = [];

const authority = makeCertificate({ subject: "Known CA", keyType: "ec" });
const unknown = makeCertificate({ subject: "Unknown CA", keyType: "ec" });
const localhost = { subject: "localhost", keyType: "ec", dnsNames: ["localhost"] } as const;

async function listen(name: string, server: Server, scheme: string): Promise<void> {
  let connections = 0;
  server.on("connection", () => (connections += 1));
  server.listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  listening.push(server);
  servers.set(name, { origin: `${scheme}://localhost:${port}`, connections: () => connections });
}

beforeAll(async () => {
  provider = await startFakeProvider();
  const tls = (own: MadeCertificate, more: object = {}) =>
    createTlsServer({ key: own.privateKeyPem, cert: own.certificatePem, ...more });
  await listen("expired", tls(makeCertificate({ ...localhost, issuer: authority, days: -1 })), "https");
  const other = { ...localhost, subject: "other", dnsNames: ["other.example"] };
  await listen("another name", tls(makeCertificate({ ...other, issuer: authority })), "https");
  await listen("self-signed", tls(makeCertificate(localhost)), "https");
  await listen("unknown authority", tls(makeCertificate({ ...localhost, issuer: unknown })), "https");
  const old = { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" };
  const good = makeCertificate({ ...localhost, issuer: authority });
  await listen("another version of TLS", tls(good, old), "https");
  await listen(
    "no TLS",
    createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")),
    "https",
  );
  const closed = createServer();
  await listen("refused", closed, "http");
  closed.close();
  servers.set("unknown name", { origin: "https://no-such-host.invalid", connections: () => 0 });
});
afterAll(async () => {
  for (const server of listening) server.close();
  await provider.close();
});
beforeEach(() => provider.reset());

const isolated = {
  proxy: false,
  clock: { now: () => provider.clock.now(), sleep: async () => undefined },
} as const;
const application = (over: object = {}): ConfidentialClientApplication =>
  provider.confidential({ system: { ...isolated, ca: authority.certificatePem }, ...over });

interface Fault {
  /** What the error says. */
  readonly says: RegExp;
  readonly isRetryable: boolean;
  /** Whether the server is connected to at all. */
  readonly connects: boolean;
}
const tlsFault = (says: RegExp): Fault => ({ says, isRetryable: false, connects: true });
const faults: Readonly<Record<string, Fault>> = {
  refused: { says: /ECONNREFUSED/, isRetryable: true, connects: false },
  "unknown name": { says: /ENOTFOUND|EAI_AGAIN/, isRetryable: true, connects: false },
  expired: tlsFault(/expired.*this machine's clock/),
  "another name": tlsFault(/does not match certificate's altnames/),
  "self-signed": tlsFault(/self-signed certificate/),
  "unknown authority": tlsFault(/unable to verify the first certificate/),
  "another version of TLS": tlsFault(/protocol|version/i),
  "no TLS": tlsFault(/wrong version number|packet length too long/),
};

type Call = () => Promise<unknown>;
/** Each call with how often a connection that is not made is tried; the fault is met by the endpoint of that name. */
const flows: Readonly<
  Record<string, readonly [string, 1 | 3, (app: ConfidentialClientApplication) => Promise<Call>]>
> = {
  "the keys": ["jwks_uri", 3, async (app) => () => redeem(app)],
  "client credentials": [
    "token_endpoint",
    3,
    async (app) => () => app.acquireTokenByClientCredential({ scopes: ["api:read"] }),
  ],
  "an authorization code": ["token_endpoint", 1, async (app) => () => redeem(app)],
};

describe.each(Object.entries(faults))("a server that is %s", (name, fault) => {
  it.each(Object.entries(flows))("fails %s as it should", async (_, [endpoint, attempts, prepare]) => {
    const server = servers.get(name);
    const before = server?.connections() ?? 0;
    provider.answers.discovery = () => ({ body: provider.metadata({ [endpoint]: `${server?.origin}/at` }) });
    const app = application();
    const call = await prepare(app);
    const error: unknown = await call().catch((reason: unknown) => reason);
    if (!(error instanceof AuthError)) throw new Error("no typed error");
    expect(error.message).toMatch(fault.says);
    expectNoSecretIn(error, secrets);
    const tries = fault.isRetryable ? attempts : 1;
    expect({ isRetryable: error.isRetryable, attempts: error.attempts }).toEqual({
      isRetryable: fault.isRetryable,
      attempts: tries,
    });
    expect((server?.connections() ?? 0) - before).toBe(fault.connects ? tries : 0);
    expect(app.getTokenCache().serialize()).not.toContain("an-access-token");
  });

  it("keeps the user signed in, and serves the token that is valid", async () => {
    const app = application();
    const account = accountOf(await redeem(app));
    const cached = app.getTokenCache().serialize();
    // The document is fetched again after a day, and then names the server.
    const endpoint = `${servers.get(name)?.origin}/token`;
    provider.answers.discovery = () => ({ body: provider.metadata({ token_endpoint: endpoint }) });
    const stranger = application({ cache: {} });
    stranger.getTokenCache().deserialize(cached);
    expect(await stranger.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true });
    const forced = stranger.acquireTokenSilent({ scopes, account, forceRefresh: true });
    // Nothing has been sent, so it is tried again like any other request.
    await expect(forced).rejects.toMatchObject({ attempts: fault.isRetryable ? 3 : 1 });
    expect(stranger.getTokenCache().serialize()).toBe(cached);
  });
});

it("the requests of a call go over one connection, one after the other", async () => {
  const ports = new Set<number | undefined>();
  for (const endpoint of ["discovery", "keys", "token"] as const) {
    const answer = provider.answers[endpoint];
    provider.answers[endpoint] = async (request) => {
      ports.add(request.port);
      return answer(request);
    };
  }
  await redeem(application({ system: { ...isolated, maxConnections: 27 } }));
  expect(ports.size).toBe(1);
});

describe("a kept connection that the server closes before a byte of the answer", () => {
  /** Closes a connection on which something was answered; answers on a new one. */
  const closingKept = (good: unknown) => {
    const body = JSON.stringify(good);
    const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    return {
      raw: (socket: Socket) =>
        socket.bytesWritten > 0
          ? socket.end()
          : socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    };
  };

  it("is replaced at once for a refresh token, which has certainly not been processed", async () => {
    const app = application({ system: { ...isolated, maxConnections: 28 } });
    const account = accountOf(await redeem(app));
    const before = provider.count("token");
    provider.answers.token = () => closingKept(provider.tokens({ access_token: "the new one" }));
    const result = await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
    expect(result).toMatchObject({ accessToken: "the new one", metadata: { attempts: 2 } });
    expect(provider.count("token") - before).toBe(2);
  });

  it("is not replaced for an authorization code, which is sent once in any case", async () => {
    const app = application({ system: { ...isolated, maxConnections: 29 } });
    await app.acquireTokenByClientCredential({ scopes: ["api:read"] });
    const before = provider.count("token");
    provider.answers.token = () => closingKept(provider.tokens());
    await expect(redeem(app)).rejects.toMatchObject({ errorCode: "network_error", attempts: 1 });
    expect(provider.count("token") - before).toBe(1);
  });

  it.each<[string, (socket: Socket) => void]>([
    ["a new connection", (socket) => socket.end()],
    [
      "one on which the answer had begun",
      (socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-le", () => socket.end()),
    ],
  ])("is not the same as %s: the refresh token may have been processed", async (name, close) => {
    const first = application({ system: { ...isolated, maxConnections: name.length } });
    const account = accountOf(await redeem(first));
    const cached = first.getTokenCache().serialize();
    const before = provider.count("token");
    const isNew = name === "a new connection";
    // Connections are kept for a host, so that the answer to the document closes the first one.
    const { discovery } = provider.answers;
    provider.answers.discovery = async (request) => ({
      ...(await discovery(request)),
      headers: { connection: isNew ? "close" : "keep-alive" },
    });
    provider.answers.token = () => ({ raw: close });
    const app = application({ system: { ...isolated, maxConnections: name.length + 30 } });
    app.getTokenCache().deserialize(cached);
    await expect(app.acquireTokenSilent({ scopes, account, forceRefresh: true })).rejects.toMatchObject({
      errorCode: "network_error",
      attempts: 1,
    });
    expect(provider.count("token") - before).toBe(1);
  });
});
