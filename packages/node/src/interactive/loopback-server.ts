import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { clientAuthError, isLoopback, parsedUrl, shownUrl } from "@tessera/core/internal";
import {
  errorPage,
  foreignResponsePage,
  otherAddressPage,
  repeatedPage,
  successPage,
  type PageTemplates,
} from "./pages.js";

/** The authorization response, and a way to show its outcome to the user. */
export interface LoopbackAnswer {
  /** Parameters of the authorization response. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Sends the final page, for which the browser is waiting. */
  finish(outcome: { readonly ok: true } | { readonly ok: false; readonly reason: string }): Promise<void>;
}

/** A server on this machine that waits for one sign-in (RFC 8252 §7.3). */
export interface LoopbackServer {
  /** The redirect URI to send. */
  readonly redirectUri: string;
  /** Waits for the response with a state, and ignores all other requests. */
  answerTo(expected: ExpectedAnswer): Promise<LoopbackAnswer>;
  /** Closes the server and its connections at once. May be called repeatedly. */
  close(): void;
}

/** The response that the authorization request asked for. */
export interface ExpectedAnswer {
  readonly state: string;
  /** How the response is expected; a form is always accepted. */
  readonly responseMode: "form_post" | "query";
}

/** Options of {@link startLoopbackServer}. */
export interface LoopbackOptions extends PageTemplates {
  /** `http://localhost`, `http://127.0.0.1` or `http://[::1]`, with a path and, if it is fixed, a port. */
  readonly redirectUri?: string | undefined;
  /** Port to try first; if it is in use, a free one is used. */
  readonly preferredPort?: number | undefined;
}

/** Maximum size of an authorization response, in bytes. */
const LONGEST_ANSWER = 64 * 1024;

/**
 * Starts a server on loopback addresses only.
 *
 * @throws ClientAuthError `redirect_uri_not_supported`, `loopback_server_error`
 */
export async function startLoopbackServer(options: LoopbackOptions): Promise<LoopbackServer> {
  const wanted = loopbackUri(options.redirectUri);
  let expected: (ExpectedAnswer & Listener) | undefined;
  let answered = false;

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parameters = await parametersOf(request, wanted.pathname);
    if (!parameters) return send(response, 404, otherAddressPage());
    // Refuse repeated parameters (RFC 6749 §3.1), which are ambiguous.
    const repeated = parameters.size !== new Set(parameters.keys()).size;
    if (!expected || repeated || parameters.get("state") !== expected.state)
      return send(response, 400, foreignResponsePage());
    if (answered) return send(response, 200, repeatedPage());
    answered = true;
    if (request.method === "GET" && expected.responseMode === "form_post") {
      await send(response, 400, errorPage(options, "The answer came in the address of the page."));
      expected.refuse(notPosted(parameters));
      return;
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
  const url = parsedUrl(redirectUri);
  if (url?.protocol === "http:" && isLoopback(url.hostname) && url.search === "" && url.hash === "")
    return url;
  const what =
    url?.protocol === "https:" && isLoopback(url.hostname)
      ? "is https, which the server on this machine cannot speak without a certificate"
      : url && isLoopback(url.hostname) && url.protocol === "http:"
        ? "has a query or a fragment"
        : "is not on this machine";
  throw clientAuthError(
    "redirect_uri_not_supported",
    `redirectUri "${shownUrl(redirectUri)}" ${what}: use http://localhost or http://127.0.0.1, with a path if needed.`,
  );
}

/**
 * Listens on both address families with one port, because `localhost` may resolve to either. If the preferred port is
 * in use, a free one is used, unless the redirect URI names the port.
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
    `The loopback server cannot listen on port ${ports[0] || "(any)"}: ${failure instanceof Error ? failure.message : "no address"}.`,
    { cause: failure },
  );
}

/** Starts a server on one address, or returns nothing on a machine without that address family. */
async function listenOn(
  listener: (request: IncomingMessage, response: ServerResponse) => void,
  host: string,
  port: number,
): Promise<Server | undefined> {
  // Loaded here, because few programs that import this package ever listen.
  const { createServer } = await import("node:http");
  return new Promise((resolve, reject) => {
    // A response in the query is part of the request's header.
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

/**
 * Returns the parameters of an authorization response, from the query or a posted form, or `undefined` for any other
 * request.
 */
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
    // The user may have closed the page during the token request.
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
    // Resolve even if the browser has disconnected.
    response.once("close", resolve);
    response.end(html, resolve);
  });
}
