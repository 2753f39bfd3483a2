import { abortAfter } from "../flight/deadline.js";
import { clientAuthError, copyFor, isAuthError, type AuthError } from "../errors/errors.js";
import type { Logger } from "../logger.js";
import { printable } from "../printable.js";
import { checkHeaders } from "./header-value.js";
import { hideSecretsOf } from "./hide-secrets.js";
import type { ClientTls, HttpClient, HttpRequest, HttpResponse } from "./http-client.js";
import type { Tally } from "./tally.js";

/** The context of all requests of one call. */
export interface Call {
  readonly correlationId: string;
  readonly signal?: AbortSignal | undefined;
  /** Adds up what the call costs. */
  readonly tally?: Tally | undefined;
}

/** A request that is not yet bound to a call. */
type Unbounded = Omit<HttpRequest, "signal" | "correlationId">;

/** Sends requests through the injected {@link HttpClient}, with limits and descriptive errors. */
export interface Transport {
  /** Fetches a document. Retried once when the connection fails, because a GET has no side effects. */
  get(url: string, call: Call, options?: GetOptions): Promise<HttpResponse>;
  /** Sends JSON, or deletes. Never retried. */
  send(
    method: "POST" | "PUT" | "DELETE",
    url: string,
    content: { readonly json?: object; readonly headers: Readonly<Record<string, string>> },
    call: Call,
  ): Promise<HttpResponse>;
  /** Posts a form. Never retried: the first attempt may have consumed a code or a refresh token. */
  post(url: string, form: Form, call: Call): Promise<HttpResponse>;
}

/** Options of {@link Transport.get}. */
export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Timeout in milliseconds. */
  readonly timeoutMs?: number;
  /** The URL to show in log lines and errors, when the path of the real one names a user. */
  readonly shownAs?: string;
}

/** A form to post. */
export interface Form {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Certificate to present in TLS. */
  readonly tls?: ClientTls | undefined;
  /** Timeout in milliseconds. */
  readonly timeoutMs?: number;
}

/** Default timeout of a request, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 30_000;

const NETWORK_ERROR = "network_error";

/** Maximum size of a response, in bytes; far above that of any token response or discovery document. */
export const MAX_RESPONSE_BYTES = 2 * 1024 * 1024;

/**
 * @param http the client to send with
 * @param logger receives the method, host and path of each request, never its query, headers, body or user
 * @param retries whether a failed GET is retried once
 */
export function createTransport(http: HttpClient, logger: () => Logger, retries: boolean): Transport {
  const limits = { timeoutMs: REQUEST_TIMEOUT_MS, maxResponseBytes: MAX_RESPONSE_BYTES };
  return {
    async get(url, call, { headers, timeoutMs = REQUEST_TIMEOUT_MS, shownAs = url } = {}) {
      const accepted = { accept: "application/json", ...headers };
      const request = { method: "GET" as const, url, headers: accepted, ...limits, timeoutMs };
      const line = `GET ${withoutQuery(shownAs)}`;
      try {
        return await send(request, line, call);
      } catch (error) {
        if (!retries || call.signal?.aborted || !isBroken(error)) throw error;
        return send(request, line, call);
      }
    },
    send(method, url, { json, headers }, call) {
      const type: Record<string, string> = json ? { "content-type": "application/json" } : {};
      const all = { accept: "application/json", ...type, ...headers };
      const body = json ? { body: JSON.stringify(json) } : {};
      const request = { method, url, headers: all, ...body, ...limits };
      return send(request, `${method} ${withoutQuery(url)}`, call);
    },
    post(url, { body, headers, tls, timeoutMs = REQUEST_TIMEOUT_MS }, call) {
      const all = {
        // Same spelling as MSAL passes to an app's own network client.
        "Content-Type": "application/x-www-form-urlencoded;charset=utf-8",
        accept: "application/json",
        ...headers,
      };
      const request = {
        method: "POST" as const,
        url,
        headers: all,
        body,
        ...(tls ? { tls } : {}),
        ...limits,
        timeoutMs,
      };
      return send(request, `POST ${withoutQuery(url)}`, call);
    },
  };

  /** @param line method and URL, as log lines and errors show them */
  async function send(request: Unbounded, line: string, call: Call): Promise<HttpResponse> {
    call.signal?.throwIfAborted();
    checkHeaders(request.headers, call.correlationId);
    logger().verbose(line, call.correlationId);
    const deadline = abortAfter(request.timeoutMs, call.signal);
    const startedAt = call.tally?.begun() ?? 0;
    let response: HttpResponse | undefined;
    try {
      response = await http.send({
        ...request,
        signal: deadline.signal,
        correlationId: call.correlationId,
      });
      logger().verbose(`${line}: HTTP ${response.status}`, call.correlationId);
      return response;
    } catch (error) {
      call.signal?.throwIfAborted();
      const hide = hideSecretsOf(request);
      if (isAuthError(error)) throw ownError(error, hide);
      throw networkError(line, bareError(error, hide), call.correlationId);
    } finally {
      call.tally?.ended(startedAt, response);
      deadline.done();
    }
  }
}

/** Returns a URL without its query, which may hold identifiers. */
export function withoutQuery(url: string): string {
  return url.split("?", 1)[0] ?? "";
}

function networkError(line: string, cause: Error, correlationId: string): AuthError {
  return clientAuthError(
    NETWORK_ERROR,
    `${line} received no response: ${rootMessage(cause)}. Check the network, the proxy and the trusted certificates.`,
    { correlationId, cause },
  );
}

/** Whether a connection broke. Any other error is a deliberate one of the app's network client. */
function isBroken(error: unknown): boolean {
  return isAuthError(error) && error.errorCode === NETWORK_ERROR;
}

/** Copies an error of the app's own client: class and code stay, and secrets of the request are removed. */
function ownError(error: AuthError, hide: (text: string) => string): AuthError {
  const own = copyFor(error, error.correlationId);
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(own))) {
    const shown: unknown =
      typeof value === "string" ? hide(value) : name === "cause" ? value && bareError(value, hide) : value;
    if (typeof shown === "object" && shown !== null && name !== "cause") Reflect.deleteProperty(own, name);
    else if (shown !== value) Object.defineProperty(own, name, { value: shown });
  }
  return own;
}

/** Maximum depth of nested causes to copy; guards against cycles. */
const DEEPEST_CAUSE = 5;

/**
 * Copies an error's message, code and causes only: an app's own client may have attached the request, with its
 * secrets, to the error.
 */
function bareError(error: unknown, hide: (text: string) => string, depth = 0): Error {
  if (typeof error !== "object" || error === null) return new Error(hide(String(error)));
  const { name, message, code, stack, cause } = error as Partial<Record<string, unknown>>;
  const bare = new Error(typeof message === "string" ? printable(hide(message)) : "");
  for (const [key, value] of Object.entries({ name, stack }))
    if (typeof value === "string")
      Object.defineProperty(bare, key, { value: hide(value), configurable: true });
  if (typeof code === "string") Object.assign(bare, { code: hide(code) });
  if (typeof code === "number") Object.assign(bare, { code });
  if (cause !== undefined && depth < DEEPEST_CAUSE) bare.cause = bareError(cause, hide, depth + 1);
  return bare;
}

/** The message of the innermost cause of an error. */
export function rootMessage(error: Error & { readonly code?: string | number }): string {
  return error.cause instanceof Error
    ? rootMessage(error.cause)
    : error.message || String(error.code ?? error.name);
}
