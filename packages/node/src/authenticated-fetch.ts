import {
  claimsFromChallenge,
  type AccountInfo,
  type AuthenticationResult,
  type BaseRequest,
} from "@tessera/core";
import { requireRecord, secureUrl, wrongType } from "@tessera/core/internal";
import { fetchBoundToOrigin, type OriginAnswer } from "./http/origin-bound-fetch.js";

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
 * it acquires a token that satisfies the challenge and sends the request once more.
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
  if (typeof app?.acquireToken !== "function") throw wrongType("app", app, "an application");
  const { fetch = globalThis.fetch, ...tokenRequest } = requireRecord(options, "options", "{ scopes }");
  if (typeof fetch !== "function") throw wrongType("fetch", fetch, "a function");
  return async (input, init) => {
    const request = new Request(input, init);
    secureUrl(request.url, "the URL");
    // A stream can be read once only; everything else is kept for a second attempt.
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
