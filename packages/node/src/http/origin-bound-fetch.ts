import { clientAuthError, parsedUrl } from "@tessera/core/internal";

/** The answer to a request that carried a token. */
export interface OriginAnswer {
  readonly response: Response;
  /** False when another origin, to which a redirect led, sent the response. */
  readonly isOfOrigin: boolean;
}

/** As many as `fetch` follows by itself (Fetch §4.4). */
const MOST_REDIRECTS = 20;

/** The browser's rules for a redirect to another origin, and undici's: none of these is meant for it. */
const CREDENTIAL_HEADERS = ["authorization", "proxy-authorization", "cookie", "host"];

/**
 * Sends a request with a token and follows its redirects itself: the token goes to the origin that was asked and to no other,
 * whatever the given `fetch` would do. Once a redirect leaves that origin, `fetch` follows the rest without the token.
 *
 * @param fetch must honour `redirect: "manual"`, as every `fetch` does
 * @param request its `redirect` mode is kept, its `authorization` header replaced
 * @param options of the caller's `fetch`, for what a redirected request takes over, such as undici's `dispatcher`
 * @throws ClientAuthError `invalid_token_response` for a token that no header can carry; otherwise as `fetch` does
 * @see RFC 6750 §5.3, RFC 9110 §15.4, Fetch §4.4
 */
export async function fetchBoundToOrigin(
  fetch: typeof globalThis.fetch,
  request: Request,
  token: string,
  options: RequestInit = {},
): Promise<OriginAnswer> {
  const { origin } = new URL(request.url);
  request.headers.set("authorization", bearer(token));
  if (request.redirect !== "follow") return answer(await fetch(request), origin);
  let current = request;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
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
    current = next;
  }
  throw new TypeError(`fetch failed: ${origin} redirects more than ${MOST_REDIRECTS} times`);
}

/** Checked here, because the error of `Headers` quotes a value that it refuses. */
function bearer(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return `Bearer ${token}`;
  throw clientAuthError(
    "invalid_token_response",
    "The access token has characters that an Authorization header cannot carry (RFC 6750 §2.1): the identity provider has to issue a different one.",
  );
}

/** A response that does not name its URL is one that the app's own `fetch` has made. */
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

/** @param sent the redirected request, its body unread unless it was a stream */
async function nextRequest(url: URL, status: number, sent: Request, options: RequestInit): Promise<Request> {
  if (!/^https?:$/.test(url.protocol))
    throw new TypeError(`fetch failed: redirect to the scheme ${url.protocol}`);
  const { integrity, signal } = sent;
  const headers = new Headers(sent.headers);
  // As fetch: only 303 forgets the body whatever it is.
  if (status !== 303 && sent.bodyUsed)
    throw new TypeError(
      "fetch failed: a redirect asks for the body again, and a stream can be read only once",
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

/** The last of several requests is not a redirected one to `fetch`; to the caller it is. */
function redirected(response: Response): Response {
  Reflect.defineProperty(response, "redirected", { value: true, configurable: true });
  return response;
}
