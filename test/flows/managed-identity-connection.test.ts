// How the endpoint of a managed identity is contacted: directly, for a second at most, and only if it is the right one.
// proves: node/src/http/guarded-connector.ts
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest, test } from "@jest/globals";
import { guarded } from "../../packages/node/src/http/guarded-connector.js";
import { makeCertificate } from "../support/certificates.js";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import { ENVIRONMENTS, ourApp, setEnvironment, type SourceName } from "../support/managed-identity-stage.js";
import { startMetadataEndpoint, token, type MetadataEndpoint } from "../support/metadata-endpoint.js";
import { withoutProxyVariables } from "../support/proxy-variables.js";

const resource = "https://vault.azure.net";
let restore = (): void => undefined;
afterEach(() => restore());

describe("a connector with a time limit", () => {
  type Callback = (error: Error | null, socket: Socket | null) => void;
  const connecting = () => {
    let finish: Callback = () => undefined;
    const connect = guarded((_, callback) => (finish = callback as Callback), { timeoutMs: 1003 });
    const outcome = jest.fn();
    connect({ hostname: "169.254.169.254", protocol: "http:", port: "80" }, outcome);
    const socket = { destroy: jest.fn() } as unknown as Socket;
    return { outcome, socket, finish: (error: Error | null, late: Socket | null) => finish(error, late) };
  };
  let deadline: ReturnType<typeof deadlineInHand>;
  beforeEach(() => {
    deadline = deadlineInHand(1003);
  });
  afterEach(() => deadline.restore());

  it("fails when there is no connection by then, and ends one that comes later", () => {
    const { outcome, socket, finish } = connecting();
    deadline.pass();
    expect(outcome.mock.calls).toEqual([
      [
        expect.objectContaining({
          code: "UND_ERR_CONNECT_TIMEOUT",
          message: expect.stringContaining("169.254.169.254"),
        }),
        null,
      ],
    ]);
    finish(null, socket);
    expect(socket.destroy).toHaveBeenCalled();
    finish(new Error("later"), null);
    expect(outcome).toHaveBeenCalledTimes(1);
  });

  it("passes on what happens before", () => {
    const { outcome, socket, finish } = connecting();
    finish(null, socket);
    expect(outcome.mock.calls).toEqual([[null, socket]]);
    const failed = connecting();
    failed.finish(new Error("refused"), null);
    expect(failed.outcome.mock.calls).toEqual([[expect.objectContaining({ message: "refused" }), null]]);
  });
});

describe("where nothing listens", () => {
  test.each<[SourceName, RegExp]>([
    ["DefaultToImds", /Only Azure hosts have a managed identity.*another credential/],
    ["AppService", /IDENTITY_ENDPOINT/],
    ["AzureArc", /azcmagent/],
    ["CloudShell", /MSI_ENDPOINT/],
    ["MachineLearning", /MSI_ENDPOINT/],
    ["ServiceFabric", /IDENTITY_SERVER_THUMBPRINT/],
  ])("%s says so at once, and what to do", async (source, advice) => {
    const closed = await startMetadataEndpoint();
    await closed.close();
    restore = setEnvironment(ENVIRONMENTS[source](closed.origin));
    await expect(ourApp().acquireToken({ resource })).rejects.toMatchObject({
      name: "ClientAuthError",
      errorCode: "network_error",
      errorMessage: expect.stringMatching(advice),
      cause: expect.objectContaining({ code: "ECONNREFUSED" }),
    });
  });
});

describe("with an endpoint", () => {
  let endpoint: MetadataEndpoint;
  let other: MetadataEndpoint;
  beforeAll(async () => {
    [endpoint, other] = await Promise.all([startMetadataEndpoint(), startMetadataEndpoint()]);
  });
  beforeEach(() => {
    endpoint.requests.length = 0;
    other.requests.length = 0;
  });
  afterAll(() => Promise.all([endpoint.close(), other.close()]));

  it("an answer that is slow to come is waited for, after the limit of the connection", async () => {
    restore = setEnvironment(ENVIRONMENTS.DefaultToImds(endpoint.origin));
    const deadline = deadlineInHand(1000);
    endpoint.respond = () => {
      deadline.pass();
      return { body: token() };
    };
    expect(await ourApp().acquireToken({ resource })).toMatchObject({ accessToken: "a-token" });
    deadline.restore();
  });

  test.each(Object.keys(ENVIRONMENTS).filter((name) => name !== "ServiceFabric") as SourceName[])(
    "no request of %s, and no secret, follows a redirect",
    async (source) => {
      restore = setEnvironment(ENVIRONMENTS[source](endpoint.origin));
      for (const status of [301, 302, 303, 307, 308]) {
        endpoint.respond = () => ({ status, headers: { location: `${other.origin}/` } });
        await expect(ourApp().acquireToken({ resource })).rejects.toMatchObject({
          errorCode: "invalid_token_response",
        });
      }
      expect(endpoint.requests).toHaveLength(5);
      expect(other.requests).toEqual([]);
    },
  );

  test("no proxy is used, also for an endpoint that is on another machine", async () => {
    const proxy = await startProxy();
    const restoreProxies = withoutProxyVariables();
    process.env["HTTP_PROXY"] = process.env["HTTPS_PROXY"] = process.env["ALL_PROXY"] = proxy.url;
    try {
      endpoint.respond = () => ({ body: token() });
      for (const source of ["AppService", "DefaultToImds", "MachineLearning"] as const) {
        restore = setEnvironment(ENVIRONMENTS[source](endpoint.origin));
        expect(await ourApp().acquireToken({ resource })).toMatchObject({ accessToken: "a-token" });
      }
      restore = setEnvironment(ENVIRONMENTS.AppService("http://managed-identity.invalid"));
      await expect(ourApp().acquireToken({ resource })).rejects.toMatchObject({
        errorCode: "network_error",
        isRetryable: true,
        attempts: 1,
      });
      expect(proxy.requests).toEqual([]);
    } finally {
      restoreProxies();
      proxy.server.close();
    }
  });
});

describe("Service Fabric", () => {
  const own = makeCertificate({ subject: "cluster", keyType: "ec" });
  const foreign = makeCertificate({ subject: "cluster", keyType: "ec" });
  let endpoint: MetadataEndpoint;
  beforeAll(async () => {
    endpoint = await startMetadataEndpoint({ key: own.privateKeyPem, cert: own.certificatePem });
  });
  beforeEach(() => {
    endpoint.requests.length = 0;
  });
  afterAll(() => endpoint.close());
  const ask = (origin: string, thumbprint: string) => {
    restore = setEnvironment({
      ...ENVIRONMENTS.ServiceFabric(origin),
      IDENTITY_SERVER_THUMBPRINT: thumbprint,
    });
    return ourApp().acquireToken({ resource });
  };
  const withColons = (thumbprint: string) => thumbprint.replaceAll(/..(?=.)/g, "$&:");

  test.each([
    ["as it is", (it: string) => it],
    ["in small letters", (it: string) => it.toLowerCase()],
    ["with colons", withColons],
  ])("whose certificate has the thumbprint, written %s, gives a token", async (_, written) => {
    expect(await ask(endpoint.origin, written(own.thumbprintSha1Hex))).toMatchObject({
      accessToken: "a-token",
    });
  });

  test.each([
    ["another certificate's", foreign.thumbprintSha1Hex],
    ["of the wrong algorithm", own.thumbprintSha256Hex],
    ["a part of it", own.thumbprintSha1Hex.slice(0, 38)],
    ["no thumbprint", "-"],
  ])("whose certificate does not have the thumbprint (%s) is sent nothing", async (_, thumbprint) => {
    await expect(ask(endpoint.origin, thumbprint)).rejects.toMatchObject({
      errorCode: "network_error",
      errorMessage: expect.stringContaining("thumbprint"),
    });
    expect(endpoint.requests).toEqual([]);
  });

  test("without TLS is sent nothing", async () => {
    const plain = await startMetadataEndpoint();
    try {
      await expect(ask(plain.origin, own.thumbprintSha1Hex)).rejects.toMatchObject({
        errorCode: "network_error",
      });
      expect(plain.requests).toEqual([]);
    } finally {
      await plain.close();
    }
  });
});

async function startProxy(): Promise<{
  readonly url: string;
  readonly requests: string[];
  readonly server: Server;
}> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? "");
    response.writeHead(502).end();
  });
  server.on("connect", (request, socket) => {
    requests.push(request.url ?? "");
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, server };
}
