import { clientAuthError, parsedUrl } from "@tessera/core/internal";

/** The response to a request with a token. */
export interface OriginAnswer {
  readonly response: Response;
  /** False when a redirect led to another origin, which sent the response. */
  readonly isOfOrigin: boolean;
}

/** Maximum number of redirects, as in `fetch` (Fetch §4.4). */
const MAX_REDIRECTS = 20;

/** Headers that are not sent to another origin after a redirect, as in browsers and undici. */
const CREDENTIAL_HEADERS = ["authorization", "dpop", "proxy-authorization", "cookie", "host"];

/**
 * Sends a request with a token and follows redirects itself, so that the token is sent only to the original origin,
 * regardless of the given `fetch`. Once a redirect leaves that origin, `fetch` follows the rest without the token.
 *
 * @param fetch must honor `redirect: "manual"`, as every `fetch` does
 * @param request its `redirect` mode is kept, its headers are replaced by those of `authorize`
 * @param authorize adds the token to the headers of a request, also after a redirect within the origin
 * @param options of the caller's `fetch`, applied to redirected requests as well, such as undici's `dispatcher`
 * @throws as `authorize` and `fetch`
 * @see RFC 6750 §5.3, RFC 9110 §15.4, Fetch §4.4
 */
export async function fetchBoundToOrigin(
  fetch: typeof globalThis.fetch,
  request: Request,
  authorize: (request: Request) => void | Promise<void>,
  options: RequestInit = {},
): Promise<OriginAnswer> {
  const { origin } = new URL(request.url);
  await authorize(request);
  if (request.redirect !== "follow") return answer(await fetch(request), origin);
  let current = request;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    // A stream can be read only once.
    const again = options.body instanceof ReadableStream ? undefined : current.clone();
    const response = await fetch(new Request(current, { redirect: "manual" }));
    const location = redirectOf(response);
    if (location === undefined) return answer(redirects > 0 ? redirected(response) : response, origin);
    await response.body?.cancel();
    const next = await nextRequest(
      new URL(location, current.url),
      response.status,
      again ?? current,
      options,
    );
    if (new URL(next.url).origin !== origin) {
      for (const name of CREDENTIAL_HEADERS) next.headers.delete(name);
      return { response: redirected(await fetch(next)), isOfOrigin: false };
    }
    await authorize(next);
    current = next;
  }
  throw new TypeError(`fetch failed: ${origin} redirects more than ${MAX_REDIRECTS} times`);
}

/**
 * Returns the value of an `Authorization` header. The token is checked here, because the error of `Headers` would quote it.
 *
 * @throws ClientAuthError `invalid_token_response`
 */
export function authorization(scheme: "Bearer" | "DPoP", token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return `${scheme} ${token}`;
  throw clientAuthError(
    "invalid_token_response",
    "The access token has characters that cannot be sent in an Authorization header (RFC 6750 §2.1): the identity provider must issue a different one.",
  );
}

/** A response without a URL was constructed by the app's own `fetch`. */
function answer(response: Response, origin: string): OriginAnswer {
  const { url, redirected } = response;
  return {
    response,
    isOfOrigin: url === "" ? !redirected : parsedUrl(url)?.origin === origin,
  };
}

function redirectOf({ status, headers }: Response): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? (headers.get("location") ?? undefined) : undefined;
}

/** @param sent the request that was redirected, its body unread unless it was a stream */
async function nextRequest(url: URL, status: number, sent: Request, options: RequestInit): Promise<Request> {
  if (!/^https?:$/.test(url.protocol))
    throw new TypeError(`fetch failed: redirect to the scheme ${url.protocol}`);
  const { integrity, signal } = sent;
  const headers = new Headers(sent.headers);
  // As in fetch, only a 303 discards any body.
  if (status !== 303 && sent.bodyUsed)
    throw new TypeError(
      "fetch failed: a redirect requires the body again, but a stream can be read only once",
    );
  const becomesGet =
    status === 303 ? !["GET", "HEAD"].includes(sent.method) : status < 303 && sent.method === "POST";
  if (becomesGet)
    for (const name of ["encoding", "language", "location", "type", "length"])
      headers.delete(`content-${name}`);
  const method = becomesGet ? "GET" : sent.method;
  const body = becomesGet || !sent.body ? null : await sent.arrayBuffer();
  return new Request(url, { ...options, method, headers, integrity, signal, body, redirect: "follow" });
}

/** Marks the response as redirected. `fetch` does not know about the previous requests. */
function redirected(response: Response): Response {
  Reflect.defineProperty(response, "redirected", { value: true, configurable: true });
  return response;
}
