import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { clientAuthError, isLoopback, shownUrl } from "@tessera/core/internal";
import { errorPage, repeatedPage, strangerPage, successPage, type PageTemplates } from "./pages.js";

/** What the browser brought back, and the way to tell the user what became of it. */
export interface LoopbackAnswer {
  /** Parameters of the authorization response. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Shows the last page. The browser has been waiting for it. */
  finish(outcome: { readonly ok: true } | { readonly ok: false; readonly reason: string }): Promise<void>;
}

/** A server on this machine that waits for one sign-in (RFC 8252 §7.3). */
export interface LoopbackServer {
  /** The redirect URI to send. */
  readonly redirectUri: string;
  /** Waits for the answer that carries a state; whatever else comes in neither ends nor breaks the wait. */
  answerTo(expected: ExpectedAnswer): Promise<LoopbackAnswer>;
  /** Stops at once; no socket stays. May be called again. */
  close(): void;
}

/** What the authorization request has asked for. */
export interface ExpectedAnswer {
  readonly state: string;
  /** How the answer is to come; a form is taken in any case. */
  readonly responseMode: "form_post" | "query";
}

/** What {@link startLoopbackServer} needs. */
export interface LoopbackOptions extends PageTemplates {
  /** `http://localhost`, `http://127.0.0.1` or `http://[::1]`, with the path and, if it must be that one, the port to use. */
  readonly redirectUri?: string | undefined;
  /** Port to try first; another one when it is taken. */
  readonly preferredPort?: number | undefined;
}

/** More than any authorization response has, in bytes. */
const LONGEST_ANSWER = 64 * 1024;

/**
 * Starts to listen, on loopback addresses only.
 *
 * @throws ClientAuthError `redirect_uri_not_supported`, `loopback_server_error`
 */
export async function startLoopbackServer(options: LoopbackOptions): Promise<LoopbackServer> {
  const wanted = loopbackUri(options.redirectUri);
  let expected: (ExpectedAnswer & Listener) | undefined;
  let answered = false;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parameters = await parametersOf(request, wanted.pathname);
    if (!parameters) return send(response, 404, "");
    // No parameter of an answer comes twice (RFC 6749 §3.1): which of the two would count?
    const repeated = parameters.size !== new Set(parameters.keys()).size;
    if (!expected || repeated || parameters.get("state") !== expected.state)
      return send(response, 400, strangerPage());
    if (answered) return send(response, 200, repeatedPage());
    answered = true;
    if (request.method === "GET" && expected.responseMode === "form_post") {
      await send(response, 400, errorPage(options, "The answer came in the address of the page."));
      return expected.refuse(notPosted(parameters));
    }
    expected.deliver({
      parameters: Object.fromEntries(parameters),
      finish: (outcome) =>
        outcome.ok
          ? send(response, 200, successPage(options))
          : send(response, 400, errorPage(options, outcome.reason)),
    });
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch(() => response.destroy());
  };

  const servers = await listen(listener, wanted, options.preferredPort);
  const { port } = servers[0]?.address() as AddressInfo;
  const path = wanted.pathname === "/" && !options.redirectUri?.endsWith("/") ? "" : wanted.pathname;
  return {
    redirectUri: `http://${wanted.hostname}:${port}${path}`,
    answerTo: (asked) =>
      new Promise((deliver, refuse) => {
        expected = { ...asked, deliver, refuse };
      }),
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeAllConnections();
      }
    },
  };
}

/** The caller, who waits. */
interface Listener {
  deliver(answer: LoopbackAnswer): void;
  refuse(reason: Error): void;
}

/** A code in the query stays in the browser's history, which is why a form was asked for. */
function notPosted(parameters: URLSearchParams): Error {
  const error = parameters.get("error");
  return clientAuthError(
    "loopback_server_query_response_not_supported",
    `The provider answered in the query${error ? `, with the error "${error}",` : ""} where response_mode=form_post was asked for: check that the provider can post forms.`,
  );
}

function loopbackUri(redirectUri = "http://localhost"): URL {
  const url = URL.canParse(redirectUri) ? new URL(redirectUri) : undefined;
  if (url?.protocol === "http:" && isLoopback(url.hostname) && url.search === "" && url.hash === "")
    return url;
  throw clientAuthError(
    "redirect_uri_not_supported",
    `redirectUri "${shownUrl(redirectUri)}" is not on this machine: use http://localhost or http://127.0.0.1, with a path if you need one.`,
  );
}

/**
 * `localhost` may mean either address family, so both are served on one port. A wanted port that is taken gives way to a
 * free one, unless the redirect URI itself names it.
 */
async function listen(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  uri: URL,
  preferredPort: number | undefined,
): Promise<readonly Server[]> {
  const fixed = uri.port === "" ? undefined : Number(uri.port);
  const hosts =
    uri.hostname === "[::1]" ? ["::1"] : uri.hostname === "127.0.0.1" ? ["127.0.0.1"] : ["127.0.0.1", "::1"];
  const ports = fixed === undefined ? [preferredPort ?? 0, 0, 0, 0] : [fixed];
  let failure: unknown;
  for (const port of ports) {
    const servers: Server[] = [];
    try {
      for (const host of hosts) {
        const taken = servers[0]?.address() as AddressInfo | undefined;
        const server = await listenOn(listener, host, taken?.port ?? port);
        if (server) servers.push(server);
      }
      if (servers.length > 0) return servers;
    } catch (error) {
      failure = error;
      for (const server of servers) server.close();
    }
  }
  throw clientAuthError(
    "loopback_server_error",
    `The loopback redirect cannot be served on port ${ports[0] || "(any)"}: ${failure instanceof Error ? failure.message : "no address"}.`,
    { cause: failure },
  );
}

/** A server on one address; none on a machine without that address family. */
async function listenOn(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  host: string,
  port: number,
): Promise<Server | undefined> {
  // Few programs that import this package ever listen.
  const { createServer } = await import("node:http");
  return new Promise((resolve, reject) => {
    // An answer in the query is a header as long as the code is.
    const server = createServer({ maxHeaderSize: LONGEST_ANSWER }, listener);
    server.on("error", (error: NodeJS.ErrnoException) => {
      const noFamily = error.code === "EAFNOSUPPORT" || error.code === "EADDRNOTAVAIL";
      if (noFamily && host === "::1") resolve(undefined);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

const FORM = /^\s*application\/x-www-form-urlencoded\s*(;|$)/i;

/** The parameters of an authorization response, from the query or a posted form; `undefined` for any other request. */
async function parametersOf(request: IncomingMessage, path: string): Promise<URLSearchParams | undefined> {
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname !== path) return undefined;
  const isForm = request.method === "POST" && FORM.test(request.headers["content-type"] ?? "");
  if (!isForm && request.method !== "GET") return undefined;
  const parameters = isForm ? new URLSearchParams(await bodyOf(request)) : url.searchParams;
  return parameters.has("code") || parameters.has("error") ? parameters : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > LONGEST_ANSWER) throw new Error("the form is too long");
  }
  return body;
}

function send(response: ServerResponse, status: number, html: string): Promise<void> {
  return new Promise((resolve) => {
    // The user may have closed the page while the tokens were fetched.
    if (response.destroyed) {
      resolve();
      return;
    }
    response.writeHead(status, {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      connection: "close",
    });
    // The browser may have gone; the wait for it must end all the same.
    response.once("close", resolve);
    response.end(html, resolve);
  });
}
