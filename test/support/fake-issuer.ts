import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the issuer has received it. */
export interface IssuerRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

export interface IssuerReply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An OAuth server without ID tokens, which does what the test says. */
export interface FakeIssuer {
  readonly url: string;
  readonly requests: IssuerRequest[];
  /** Overrides the answer to a request; `undefined` leaves it. */
  reply: (request: IssuerRequest) => IssuerReply | undefined;
  /** Changes of the metadata. */
  metadata: Readonly<Record<string, unknown>>;
  /** The authorization requests of the user's browser. */
  readonly visits: URL[];
  /** Changes the answer that the browser brings back. */
  answer: (parameters: URLSearchParams, visit: URL) => void;
  /** The user at the browser, who agrees. */
  readonly openBrowser: (url: string) => Promise<void>;
  paths(): readonly string[];
  tokenRequests(): readonly IssuerRequest[];
  close(): Promise<void>;
}

/** Seconds that its tokens live. */
export const LIFETIME = 600;

export async function startFakeIssuer(path = ""): Promise<FakeIssuer> {
  let count = 0;
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { pathname, searchParams } = new URL(incoming.url ?? "/", url);
      const body = Buffer.concat(chunks).toString();
      const request: IssuerRequest = {
        method: incoming.method ?? "",
        path: pathname,
        query: Object.fromEntries(searchParams),
        form: Object.fromEntries(new URLSearchParams(body)),
        body,
        headers: incoming.headers,
      };
      issuer.requests.push(request);
      const { status = 200, headers, body: answer = {} } = issuer.reply(request) ?? usual(request);
      outgoing.writeHead(status, { "content-type": "application/json", ...headers });
      outgoing.end(typeof answer === "string" ? answer : JSON.stringify(answer));
    });
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const url = `http://localhost:${(server.address() as AddressInfo).port}${path}`;

  const usual = ({ path: at, form }: IssuerRequest): IssuerReply => {
    if (at === `/.well-known/oauth-authorization-server${path}`)
      return { body: { ...own(), ...issuer.metadata } };
    if (at === `${path}/register`) return { status: 201, body: { client_id: `client-${(count += 1)}` } };
    if (at !== `${path}/token`) return { status: 404 };
    count += 1;
    const { scope } = form;
    const isUsers = form["grant_type"] !== "client_credentials";
    return {
      body: {
        access_token: `token-${count}`,
        token_type: "Bearer",
        expires_in: LIFETIME,
        ...(scope ? { scope } : {}),
        ...(isUsers ? { refresh_token: `refresh-${count}` } : {}),
      },
    };
  };
  const own = () => ({
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    registration_endpoint: `${url}/register`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic"],
  });
  const issuer: FakeIssuer = {
    url,
    requests: [],
    reply: () => undefined,
    metadata: {},
    visits: [],
    answer: () => undefined,
    async openBrowser(address) {
      const visit = new URL(address);
      issuer.visits.push(visit);
      const back = new URL(visit.searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("state", visit.searchParams.get("state") ?? "");
      back.searchParams.set("code", `code-${issuer.visits.length}`);
      issuer.answer(back.searchParams, visit);
      await (await fetch(back)).text();
    },
    paths: () => issuer.requests.map(({ path: at }) => at.slice(path.length)),
    tokenRequests: () => issuer.requests.filter(({ path: at }) => at === `${path}/token`),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return issuer;
}
