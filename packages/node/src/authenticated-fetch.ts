import {
  claimsFromChallenge,
  type AccountInfo,
  type AuthenticationResult,
  type BaseRequest,
} from "@tessera/core";
import { secureUrl } from "@tessera/core/internal";
import { fetchBoundToOrigin } from "./http/origin-bound-fetch.js";

/** An application that has the one call. */
export interface TokenSource {
  acquireToken(
    request: BaseRequest & { readonly scopes: readonly string[]; readonly account?: AccountInfo },
  ): Promise<AuthenticationResult>;
}

/** Options of {@link createAuthenticatedFetch}. */
export interface AuthenticatedFetchOptions {
  /** Scopes of the API that is called. */
  readonly scopes: readonly string[];
  /** The user whose token is sent; the application's own, or what `acquireToken` chooses, without one. */
  readonly account?: AccountInfo;
  /** Authority of the account, if it is not the application's: an account belongs to the provider that vouched for it. */
  readonly authority?: string;
  /** The access token this API was called with, to call another on behalf of its user. */
  readonly oboAssertion?: string;
  /** The `fetch` to send with; Node's own by default. It must honour `redirect: "manual"`. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * A `fetch` that sends a token. When the API responds 401 with a claims challenge (continuous access evaluation, step-up),
 * it acquires a token that satisfies the challenge and sends the request once more. It does the same when the API responds
 * 401 to a token of which the provider did not say how long it lives: that token is over.
 *
 * The token belongs to the origin of the URL: a redirect to another origin is followed without it, and a challenge from
 * there is left to the caller.
 *
 * @param app the application that acquires the token
 * @returns a function with the signature of `fetch`; it rejects as `acquireToken` and `fetch` do, and with
 * ClientConfigurationError `authority_uri_insecure` for a URL that is neither https nor on this machine
 * @see RFC 6750 §2.1, §3
 *
 * @example
 * ```ts
 * const graph = createAuthenticatedFetch(app, { scopes: ["https://graph.microsoft.com/.default"] });
 * const response = await graph("https://graph.microsoft.com/v1.0/users");
 * const users: unknown = await response.json();
 * ```
 */
export function createAuthenticatedFetch(
  app: TokenSource,
  options: AuthenticatedFetchOptions,
): typeof globalThis.fetch {
  const { fetch = globalThis.fetch, ...tokenRequest } = options;
  return async (input, init) => {
    const request = new Request(input, init);
    secureUrl(request.url, "the URL");
    // A stream can be read once only; everything else is kept for a second attempt.
    const repeatable = !(init?.body instanceof ReadableStream);
    const again = repeatable ? request.clone() : undefined;
    const { signal } = request;
    const acquire = (reason: Pick<BaseRequest, "claims" | "refusedToken">): Promise<AuthenticationResult> =>
      app.acquireToken({ ...tokenRequest, ...reason, signal });
    const { accessToken, hasAssumedLifetime } = await acquire({});
    const { response, isOfOrigin } = await fetchBoundToOrigin(fetch, request, accessToken, init);
    if (!isOfOrigin || response.status !== 401) return response;
    const claims = claimsFromChallenge(response.headers.get("www-authenticate") ?? "");
    if (claims ? !again : !hasAssumedLifetime) return response;
    if (again) await response.body?.cancel();
    const other = await acquire(claims ? { claims } : { refusedToken: accessToken });
    if (!again) return response;
    return (await fetchBoundToOrigin(fetch, again, other.accessToken, init)).response;
  };
}
