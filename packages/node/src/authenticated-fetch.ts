import {
  claimsFromChallenge,
  type AccountInfo,
  type AuthenticationResult,
  type BaseRequest,
} from "@tessera/core";
import { secureUrl } from "@tessera/core/internal";
import { fetchBoundToOrigin, type OriginAnswer } from "./http/origin-bound-fetch.js";

/** An application with `acquireToken`. */
export interface TokenSource {
  acquireToken(
    request: BaseRequest & { readonly scopes: readonly string[]; readonly account?: AccountInfo },
  ): Promise<AuthenticationResult>;
}

/** Options of {@link createAuthenticatedFetch}. */
export interface AuthenticatedFetchOptions {
  /** Scopes of the API. */
  readonly scopes: readonly string[];
  /**
   * The user whose token is sent; without it, `acquireToken` chooses, which for a confidential client means the
   * application's own token.
   */
  readonly account?: AccountInfo;
  /** Authority of the account, if it is not the application's. */
  readonly authority?: string;
  /** The access token this API was called with, to call another API on behalf of its user. */
  readonly oboAssertion?: string;
  /** The `fetch` to send with; Node.js's own by default. It must honor `redirect: "manual"`. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Returns a `fetch` that sends an access token. When the API responds 401 with a claims challenge (continuous access
 * evaluation, step-up), it acquires a token that satisfies the challenge and repeats the request once.
 *
 * The token is sent only to the origin of the URL: a redirect to another origin is followed without it, and a
 * challenge from there is returned to the caller.
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
    // A stream can be read only once; any other body is kept for a second attempt.
    const repeatable = !(init?.body instanceof ReadableStream);
    const again = repeatable ? request.clone() : undefined;
    const { signal } = request;
    const send = async (attempt: Request, claims?: string): Promise<OriginAnswer> => {
      const ask = { ...tokenRequest, ...(claims === undefined ? {} : { claims }), signal };
      const { accessToken } = await app.acquireToken(ask);
      return fetchBoundToOrigin(fetch, attempt, accessToken, init);
    };
    const { response, isOfOrigin } = await send(request);
    const challenge = isOfOrigin && response.status === 401 ? response.headers.get("www-authenticate") : null;
    const claims = challenge ? claimsFromChallenge(challenge) : undefined;
    if (!claims || !again) return response;
    await response.body?.cancel();
    return (await send(again, claims)).response;
  };
}
