import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the resource has received it. */
export interface ResourceRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The access token, if there was one. */
  readonly token: string | undefined;
}

/** What the resource answers. */
export interface ResourceReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export type Reply = (request: ResourceRequest) => ResourceReply | undefined;

/** A protected resource (RFC 9728) that does what the test says, with its issuer elsewhere. */
export interface TestResource {
  readonly origin: string;
  /** `${origin}/mcp` */
  readonly url: string;
  readonly requests: ResourceRequest[];
  /** The requests to the resource itself. */
  calls(): readonly ResourceRequest[];
  /** The requests for metadata. */
  asked(): readonly string[];
  /** Overrides the answer to a request; `undefined` leaves it. */
  reply: Reply;
  /** The metadata; `undefined` for none. */
  metadata: Readonly<Record<string, unknown>> | undefined;
  /** Whether a token is accepted; any by default. */
  accepts: (token: string) => boolean;
  close(): Promise<void>;
}

const PATH = "/mcp";
const WELL_KNOWN = "/.well-known/oauth-protected-resource";

export async function startResource(issuer: string): Promise<TestResource> {
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url: path = "", headers } = incoming;
      const token = /^(?:Bearer|DPoP) (.+)$/.exec(headers.authorization ?? "")?.[1];
      const request = { method, path, headers, body: Buffer.concat(chunks).toString(), token };
      resource.requests.push(request);
      const { status = 200, headers: own, body = {} } = resource.reply(request) ?? usual(request);
      outgoing.writeHead(status, { "content-type": "application/json", ...own });
      outgoing.end(typeof body === "string" ? body : JSON.stringify(body));
    });
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const url = `${origin}${PATH}`;

  const usual = ({ path, token }: ResourceRequest): ResourceReply => {
    const at = path.split("?", 1)[0] ?? "";
    if (at === `${WELL_KNOWN}${PATH}` && resource.metadata) return { body: resource.metadata };
    if (at.startsWith("/.well-known/")) return { status: 404 };
    if (token !== undefined && resource.accepts(token)) return { body: { answer: 42 } };
    const error = token === undefined ? "" : 'error="invalid_token", ';
    const challenge = `Bearer ${error}resource_metadata="${origin}${WELL_KNOWN}${PATH}"`;
    return { status: 401, headers: { "www-authenticate": challenge } };
  };
  const resource: TestResource = {
    origin,
    url,
    requests: [],
    calls: () => resource.requests.filter(({ path }) => !path.startsWith("/.well-known/")),
    asked: () => resource.requests.map(({ path }) => path).filter((path) => path.startsWith("/.well-known/")),
    reply: () => undefined,
    metadata: { resource: url, authorization_servers: [issuer], scopes_supported: ["reports:read"] },
    accepts: () => true,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return resource;
}
