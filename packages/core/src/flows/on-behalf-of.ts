import { assertionPartition } from "../cache/memory/partition-key.js";
import { storeUnavailable } from "../cache/storage/ask-store.js";
import type { Client } from "../client/client.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { sha256Base64Url } from "../encoding.js";
import { clientConfigurationError, interactionRequiredError } from "../errors/errors.js";
import { assertionQuery, redeemKeptToken, type WantedForAssertion } from "../exchange/assertion-tokens.js";
import { cacheFirst } from "../exchange/cache-first.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { requestInTurn } from "../exchange/in-turn.js";
import { redeem } from "../exchange/redeem.js";
import { isQuestion, questionIn, repeatedHit } from "../exchange/repeated-hit.js";
import { sessionHash, sessionPartition } from "../exchange/session-tokens.js";
import { userScopes } from "../exchange/user-scopes.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import { emptyChoice } from "../request/request-keys.js";
import { requestedScopes } from "../request/scopes.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** Request for a token on behalf of a user. At least one of `oboAssertion` and `sessionKey` is required. */
export interface OnBehalfOfInput extends BaseRequest {
  /** Scopes of the downstream API. */
  readonly scopes: readonly string[];
  /** The access token this API was called with. Optional when a `sessionKey` continues a session. */
  readonly oboAssertion?: string;
  /**
   * Name of a session that outlives the call, such as a job id. A request with an assertion starts the session; one
   * with only the key continues it with the cached tokens and their refresh token. Anyone who knows the key has
   * access to the tokens, so do not let callers choose it.
   */
  readonly sessionKey?: string;
  /** Request a new token even if one is cached. */
  readonly skipCache?: boolean;
}

/**
 * Returns a token for a downstream API on behalf of the user who called this API (RFC 7523 §2.1, with Entra's
 * extensions). The cache key includes the hash of the assertion and the tenant, so only a caller with the assertion
 * gets its token.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found` when a session has no tokens, or no longer has any
 * @example
 * ```ts
 * const { accessToken } = await onBehalfOf(client, { scopes: ["api://downstream/.default"], oboAssertion });
 * ```
 */
export async function onBehalfOf(client: Client, input: OnBehalfOfInput): Promise<AuthenticationResult> {
  return onBehalfOfNow(client, input);
}

/** Does the same as {@link onBehalfOf}, for callers that are asynchronous themselves: errors are thrown synchronously. */
export function onBehalfOfNow(
  client: Client,
  input: OnBehalfOfInput,
): AuthenticationResult | Promise<AuthenticationResult> {
  const repeated = repeatedOnBehalfOf(client, input);
  if (typeof repeated === "object") return repeated;
  const request = tokenRequest(client, input, true);
  const { oboAssertion, sessionKey } = checked(request);
  requestedScopes(request.scopes, true, request.correlationId);
  const url = client.authorities.url(request.authorityUrl);
  const assertionHash = oboAssertion ? (repeated ?? sha256Base64Url(oboAssertion)) : "";
  const hash = sessionKey ? sessionHash(sessionKey) : assertionHash;
  const wanted: WantedForUser = {
    request,
    url,
    flow: ["on_behalf_of", hash, assertionHash, ...request.scopes],
    query: assertionQuery(client, { request, url, hash }),
    // Early renewal would need an assertion that has not expired, which only the caller can provide, or the session's
    // refresh token, which is used once the token has expired.
    renewsEarly: false,
    question: questionIn(client, request.given),
    hash,
    oboAssertion,
  };
  // A new session belongs to the assertion that starts it, even if tokens are already cached under its key.
  const begins = sessionKey !== undefined && oboAssertion !== undefined;
  return request.given.skipCache || request.claims || begins
    ? acquire(client, wanted, "forced")
    : cacheFirst(client, wanted, acquire);
}

/**
 * Returns the token of a request that is like an earlier one, if it is fresh and in memory; otherwise the hash of the
 * assertion, if it was needed.
 */
function repeatedOnBehalfOf(
  client: Client,
  input: OnBehalfOfInput,
): AuthenticationResult | string | undefined {
  const assertion: unknown = input?.oboAssertion;
  if (typeof assertion !== "string" || assertion === "") return undefined;
  if (!isQuestion(input)) return undefined;
  const hash = sha256Base64Url(assertion);
  return repeatedHit(client, assertionPartition(hash), input) ?? hash;
}

/**
 * Removes the tokens of a session from the cache.
 *
 * @example
 * ```ts
 * const scopes = ["api://downstream/.default"];
 * await onBehalfOf(client, { scopes, oboAssertion, sessionKey: "job 42" });
 * await endOnBehalfOfSession(client, "job 42");
 * ```
 */
export async function endOnBehalfOfSession(client: Client, sessionKey: string): Promise<void> {
  if (sessionKey === "") throw emptyChoice("sessionKey");
  const key = sessionPartition(sessionKey);
  return client.cache.write(key, (memory) => {
    memory.put(key, undefined);
  });
}

interface WantedForUser extends WantedForAssertion {
  readonly oboAssertion: string | undefined;
}

function acquire(client: Client, wanted: WantedForUser, miss: Miss): Promise<AuthenticationResult> {
  const { request, oboAssertion } = wanted;
  return sharedExchange(client, request, wanted, async (exchange) => {
    // Only an expired token is renewed. For other scopes or tenants the refresh token might be refused.
    const renewing = !oboAssertion || miss === "expired";
    const renewed = renewing ? await renew(exchange, wanted, miss) : undefined;
    if (renewed) return renewed;
    if (!oboAssertion) {
      if (exchange.client.cache.storeIsAway) throw storeUnavailable(exchange.call);
      throw interactionRequiredError(
        "no_tokens_found",
        "No tokens are cached for this sessionKey, or they have been removed: start the session again, with an assertion or a sign-in.",
        exchange.call,
      );
    }
    const parameters = new Parameters()
      .set("scope", userScopes(exchange).join(" "))
      .set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
      .set("requested_token_use", "on_behalf_of")
      .set("assertion", oboAssertion);
    return requestInTurn(exchange, wanted, miss, (inTurn) =>
      redeem(inTurn, grant(exchange, wanted, { miss, parameters })),
    );
  });
}

/** Without an assertion, the refusal of the refresh token is reported to the caller. */
function renew(
  exchange: Exchange,
  wanted: WantedForUser,
  miss: Miss,
): Promise<AuthenticationResult | undefined> {
  const scope = userScopes(exchange).join(" ");
  return redeemKeptToken(exchange, wanted, {
    miss,
    canStartAgain: wanted.oboAssertion !== undefined,
    grant: (refreshToken) => {
      const parameters = new Parameters()
        .set("scope", scope)
        .set("grant_type", "refresh_token")
        .set("refresh_token", refreshToken);
      return grant(exchange, wanted, { miss, parameters, throttled: "on_behalf_of refresh" });
    },
  });
}

function grant(
  exchange: Exchange,
  { request, hash, url, flow }: WantedForUser,
  { miss, parameters, throttled }: { miss: Miss; parameters: Parameters; throttled?: string },
): Grant {
  const throttleKey = throttled ? [throttled, hash, ...request.scopes] : [url.href, ...flow];
  return {
    apiId: ApiId.onBehalfOf,
    miss,
    scopes: userScopes(exchange),
    parameters,
    owner: { kind: "assertion", hash },
    nonce: "unchecked",
    throttleKey: throttleKey.join(" "),
  };
}

function checked(request: TokenRequest<OnBehalfOfInput>) {
  const { oboAssertion, sessionKey } = request.given;
  const areStrings = [oboAssertion, sessionKey].every(
    (value) => value === undefined || typeof value === "string",
  );
  if (areStrings && (oboAssertion || sessionKey))
    return { oboAssertion: oboAssertion || undefined, sessionKey: sessionKey || undefined };
  const problem = areStrings ? "oboAssertion is missing" : "oboAssertion or sessionKey is not a string";
  throw clientConfigurationError(
    "token_request_empty",
    `${problem}: pass the access token this API was called with.`,
    request,
  );
}
