import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** The methods that a `Request` cannot have (Fetch §2.2.1). */
const FORBIDDEN_METHODS: readonly string[] = ["CONNECT", "TRACE", "TRACK"];

/**
 * Returns the `Request` of a request to `node:http`. Its URL is of the origin that is given, never of the `Host` header, which
 * the client chooses. The body is read from the connection only when it is asked for.
 *
 * @param baseUrl URL of the site, as its users see it
 * @param body what a framework has already parsed of the body, if it has
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { requestOf, sendResponse } from "@tessera/web";
 *
 * const server = createServer(async (incoming, outgoing) => {
 *   const request = requestOf(incoming, "https://orders.example");
 *   await sendResponse(Response.json({ asked: request.url }), outgoing);
 * });
 * ```
 */
export function requestOf(incoming: IncomingMessage, baseUrl: string | URL, body?: unknown): Request {
  const { method = "GET" } = incoming;
  // A method that nothing is done for, in place of one that a Request refuses.
  const allowed = FORBIDDEN_METHODS.includes(method.toUpperCase()) ? "OPTIONS" : method;
  const headers = headersOf(incoming);
  const url = new URL(baseUrl).origin + pathOf(incoming);
  if (allowed === "GET" || allowed === "HEAD") return new Request(url, { method: allowed, headers });
  const content = body === undefined ? streamOf(incoming) : textOf(body, headers);
  // `duplex` is required for a stream, and the types of Node.js 20 do not know it everywhere.
  const init = { method: allowed, headers, body: content, duplex: "half" as const };
  return new Request(url, init);
}

/**
 * Sends a `Response` through `node:http`. Headers that the outgoing response already has stay; cookies are added to its own. A
 * client that goes away meanwhile is not an error.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { sendResponse } from "@tessera/web";
 *
 * const server = createServer((_, outgoing) => {
 *   void sendResponse(new Response("Not found", { status: 404 }), outgoing);
 * });
 * ```
 */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  for (const [name, value] of response.headers) {
    if (name !== "set-cookie") outgoing.setHeader(name, value);
  }
  for (const cookie of response.headers.getSetCookie()) outgoing.appendHeader("set-cookie", cookie);
  outgoing.statusCode = response.status;
  if (!response.body) {
    outgoing.end();
    return;
  }
  try {
    await pipeline(Readable.fromWeb(response.body), outgoing);
  } catch (error) {
    if (!isPrematureClose(error)) throw error;
  }
}

function isPrematureClose(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    error.code === "ERR_STREAM_PREMATURE_CLOSE"
  );
}

/** Path and query. An absolute URL, and a path that begins with two slashes, must not name another host. */
function pathOf(incoming: IncomingMessage): string {
  // Express shortens `url` below a mounted router.
  const { url = "/" } = incoming;
  const path =
    "originalUrl" in incoming && typeof incoming.originalUrl === "string" ? incoming.originalUrl : url;
  if (path.startsWith("/")) return path;
  const absolute = /^https?:\/\/[^/?#]*([^#]*)/i.exec(path)?.[1] ?? "";
  return absolute.startsWith("/") ? absolute : `/${absolute}`;
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    // HTTP/2 has pseudo-headers (RFC 9113 §8.3).
    if (!name.startsWith(":")) headers.append(name, rawHeaders[at + 1] ?? "");
  }
  return headers;
}

/** The body as a stream that leaves the connection alone until somebody reads it: the app may parse the body itself. */
function streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array, undefined> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Writes a parsed body again, in the format that the request names. */
function textOf(body: unknown, headers: Headers): string | Uint8Array {
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  const isForm = headers.get("content-type")?.startsWith("application/x-www-form-urlencoded") ?? false;
  if (!isForm || typeof body !== "object" || body === null) return JSON.stringify(body);
  const form = new URLSearchParams();
  const fields: Readonly<Record<string, unknown>> = { ...body };
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    // A parameter that comes twice stays twice, so that it is refused where one is expected.
    const all: readonly unknown[] = Array.isArray(value) ? value : [value];
    for (const one of all) form.append(name, String(one));
  }
  return form.toString();
}
