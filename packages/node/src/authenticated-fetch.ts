import {
  claimsFromChallenge,
  type AccountInfo,
  type AuthenticationResult,
  type BaseRequest,
} from "@tessera/core";
import { requireRecord, secureUrl, wrongType } from "@tessera/core/internal";
import { sendWithToken } from "./http/send-with-token.js";
import type { DpopProofInput } from "./requests.js";

/** An application with `acquireToken`. */
export interface TokenSource {
  acquireToken(
    request: BaseRequest & { readonly scopes: readonly string[]; readonly account?: AccountInfo },
  ): Promise<AuthenticationResult>;
  /** Signs the proof that is sent with a DPoP token. */
  createDpopProof?(request: DpopProofInput): Promise<string>;
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
  /** `DPoP` for tokens that are bound to a key: each request has a proof of its possession (RFC 9449). */
  readonly authenticationScheme?: "Bearer" | "DPoP";
  /** The `fetch` to send with; Node.js's own by default. It must honor `redirect: "manual"`. */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Returns a `fetch` that sends an access token. When the API responds 401 with a claims challenge (continuous access
 * evaluation, step-up), it acquires a token that satisfies the challenge and repeats the request once. It does the same
 * when the API rejects a token whose lifetime the provider did not state: that token is removed from the cache.
 *
 * With `authenticationScheme: "DPoP"`, each request has a proof of possession (RFC 9449 §7), and is repeated once if the API
 * wants another nonce in it (§9).
 *
 * The token is sent only to the origin of the URL: a redirect to another origin is followed without it, and a
 * challenge from there is returned to the caller.
 *
 * @param app the application that acquires the token
 * @returns a function with the signature of `fetch`; it rejects as `acquireToken` and `fetch` do, and with
 * ClientConfigurationError `authority_uri_insecure` for a URL that is neither https nor on this machine
 * @see RFC 6750 §2.1, §3; RFC 9449 §7, §9
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
  const sender = { prover: app, fetch, last: {} };
  return async (input, init) => {
    const request = new Request(input, init);
    secureUrl(request.url, "the URL");
    // A stream can be read only once; any other body is kept for a second attempt.
    const repeatable = !(init?.body instanceof ReadableStream);
    const again = repeatable ? request.clone() : undefined;
    const { signal } = request;
    const acquire = (reason: Pick<BaseRequest, "claims" | "refusedToken">): Promise<AuthenticationResult> =>
      app.acquireToken({ ...tokenRequest, ...reason, signal });
    const { accessToken, hasAssumedLifetime, tokenType } = await acquire({});
    const answer = await sendWithToken(sender, { request, again, init }, { accessToken, tokenType });
    const { response, isOfOrigin, unused } = answer;
    if (!isOfOrigin || response.status !== 401) return response;
    const claims = claimsFromChallenge(response.headers.get("www-authenticate") ?? "");
    if (claims ? !unused : !hasAssumedLifetime) return response;
    if (unused) await response.body?.cancel();
    const other = await acquire(claims ? { claims } : { refusedToken: accessToken });
    if (!unused) return response;
    return (await sendWithToken(sender, { request: unused, again: undefined, init }, other)).response;
  };
}
