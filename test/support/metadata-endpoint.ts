import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** A request as it arrived. */
export interface MetadataRequest {
  /** `GET /path`, without the query. */
  readonly line: string;
  /** The parameters in their order. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface MetadataResponse {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: object | string;
}

/** A server on this machine in place of the host's endpoint for managed identities. */
export interface MetadataEndpoint {
  /** `http://127.0.0.1:{port}`. */
  readonly origin: string;
  /** The requests so far. */
  readonly requests: MetadataRequest[];
  /** Set by each test. */
  respond: (request: MetadataRequest) => MetadataResponse | Promise<MetadataResponse>;
  /** Called when a client leaves before it has its answer. */
  onLeave: () => void;
  close(): Promise<void>;
}

/** @param tls key and certificate, for a server over https */
export async function startMetadataEndpoint(tls?: {
  readonly key: string;
  readonly cert: string;
}): Promise<MetadataEndpoint> {
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    void (async () => {
      let body = "";
      for await (const chunk of incoming) body += String(chunk);
      const url = new URL(incoming.url ?? "/", "http://localhost");
      const request = {
        line: `${incoming.method} ${url.pathname}`,
        query: [...url.searchParams],
        headers: incoming.headers,
        body,
      };
      endpoint.requests.push(request);
      outgoing.once("close", () => {
        if (!outgoing.writableEnded) endpoint.onLeave();
      });
      const response = await endpoint.respond(request);
      const { status = 200, headers } = response;
      const isText = typeof response.body === "string";
      outgoing.writeHead(status, { "content-type": isText ? "text/html" : "application/json", ...headers });
      outgoing.end(isText ? response.body : JSON.stringify(response.body ?? {}));
    })();
  };
  const server = tls ? createHttpsServer(tls, answer) : createHttpServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const endpoint: MetadataEndpoint = {
    origin: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    requests: [],
    respond: () => ({ body: token() }),
    onLeave: () => undefined,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return endpoint;
}

/** The answer of a host, for 24 hours. */
export function token(over: object = {}): object {
  return {
    access_token: "a-token",
    expires_on: String(Math.floor(Date.now() / 1000) + 86_400),
    resource: "https://vault.azure.net",
    token_type: "Bearer",
    ...over,
  };
}
