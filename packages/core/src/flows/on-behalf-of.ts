import type { AuthorityUrl } from "../authority/authority-url.js";
import { findRefreshToken, findTokens, type TokenQuery } from "../cache/memory/find.js";
import { assertionPartition, SESSION } from "../cache/memory/partition-key.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { sha256Base64Url } from "../encoding.js";
import { clientConfigurationError, interactionRequiredError, isAuthError } from "../errors/errors.js";
import { cacheFirst, foundMeanwhile, type Wanted } from "../exchange/cache-first.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { redeem } from "../exchange/redeem.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import { emptyChoice, isolated } from "../request/request-keys.js";
import { requestedScopes, withOidcScopes } from "../request/scopes.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** Request for a token on behalf of a user. It has at least one of `oboAssertion` and `sessionKey`. */
export interface OnBehalfOfInput extends BaseRequest {
  /** Scopes of the downstream API. */
  readonly scopes: readonly string[];
  /** The access token this API was called with. May be left out when a `sessionKey` continues with earlier tokens. */
  readonly oboAssertion?: string;
  /**
   * Name of work that continues after the caller has left, such as a job id. With an assertion the work begins; the key
   * alone continues it with the stored tokens and their refresh token. Anyone who knows the key has the tokens: do not let
   * callers choose it.
   */
  readonly sessionKey?: string;
  /** Ask the identity provider even if the cache holds a token. */
  readonly skipCache?: boolean;
}

/**
 * A token for a downstream API on behalf of the user who called this one (RFC 7523 §2.1, as Entra extends it). The cache
 * key is the hash of the assertion and the tenant: only a caller with the assertion gets its token.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found` when a session has no tokens (any more)
 * @example
 * ```ts
 * const { accessToken } = await onBehalfOf(client, { scopes: ["api://downstream/.default"], oboAssertion });
 * ```
 */
export async function onBehalfOf(client: Client, input: OnBehalfOfInput): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input, true);
  const { oboAssertion, sessionKey } = checked(request);
  requestedScopes(request.scopes, true, request.correlationId);
  const url = client.authorities.url(request.authorityUrl);
  const hash = sessionKey ? sessionHash(sessionKey) : sha256Base64Url(oboAssertion ?? "");
  const assertionHash = oboAssertion ? sha256Base64Url(oboAssertion) : "";
  const query = tokenQuery(client, url, hash);
  const bound = { scopes: request.scopes, resource: request.resource, components: isolated(request) };
  const wanted: Wanted = {
    request,
    url,
    flow: ["on_behalf_of", hash, assertionHash, ...request.scopes],
    partition: query.partition,
    // Renewal needs an assertion that still lives, or the session's refresh token: the caller brings the one, and the other
    // is used once the token has expired.
    renewsEarly: false,
    find: (memory) => findTokens(memory, { ...query, ...bound }),
  };
  const send = (sent: TokenRequest, miss: Miss): Promise<AuthenticationResult> =>
    acquire(client, { ...wanted, request: sent, query, hash, oboAssertion }, miss);
  // A session that begins belongs to the assertion that begins it, whatever was stored under its name.
  const begins = sessionKey !== undefined && oboAssertion !== undefined;
  return request.given.skipCache || request.claims || begins
    ? send(request, "forced")
    : cacheFirst(client, wanted, send);
}

/**
 * Forgets the tokens of a session.
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
  const key = assertionPartition(sessionHash(sessionKey));
  return client.cache.write(key, (memory) => {
    memory.put(key, undefined);
  });
}

interface WantedForUser extends Wanted {
  readonly query: TokenQuery;
  readonly hash: string;
  readonly oboAssertion: string | undefined;
}

function acquire(client: Client, wanted: WantedForUser, miss: Miss): Promise<AuthenticationResult> {
  const { request, oboAssertion } = wanted;
  return sharedExchange(client, request, wanted, async (exchange) => {
    // Only an expired token is renewed: for other scopes or tenants the refresh token may be refused.
    const renewing = !oboAssertion || miss === "expired";
    const renewed = renewing ? await renew(exchange, wanted, miss) : undefined;
    if (renewed) return renewed;
    if (!oboAssertion) {
      throw interactionRequiredError(
        "no_tokens_found",
        "Nothing is kept under this sessionKey (any more): begin again with the assertion of a call.",
        exchange.call,
      );
    }
    const parameters = new Parameters()
      .set("scope", withOidcScopes(request.scopes).join(" "))
      .set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
      .set("requested_token_use", "on_behalf_of")
      .set("assertion", oboAssertion);
    return redeem(exchange, grant(wanted, miss, parameters));
  });
}

/** Tokens for the refresh token that is kept beside the expired one; `undefined` when there is none, or it is refused. */
function renew(
  exchange: Exchange,
  wanted: WantedForUser,
  miss: Miss,
): Promise<AuthenticationResult | undefined> {
  const { client, call } = exchange;
  const { query, request } = wanted;
  const redeemKept = async (): Promise<AuthenticationResult | undefined> => {
    const again = await foundMeanwhile(client, wanted, miss);
    if (again) return again;
    const token = await client.cache.read(query.partition, (memory) =>
      findRefreshToken(memory, query, false),
    );
    if (!token) return undefined;
    const parameters = new Parameters()
      .set("scope", withOidcScopes(request.scopes).join(" "))
      .set("grant_type", "refresh_token")
      .set("refresh_token", token.entity.secret);
    try {
      return await redeem(exchange, grant(wanted, miss, parameters, "on_behalf_of refresh"));
    } catch (error) {
      // The assertion may still be accepted. Without one, the caller has to know of the refusal.
      if (isAuthError(error) && error.errorCode === "invalid_grant" && wanted.oboAssertion) return undefined;
      throw error;
    }
  };
  return client.cache.refreshing(query.partition, redeemKept, call.signal);
}

function grant(
  { request, hash, url, flow }: WantedForUser,
  miss: Miss,
  parameters: Parameters,
  throttled?: string,
): Grant {
  const throttleKey = throttled ? [throttled, hash, ...request.scopes] : [url.href, ...flow];
  return {
    apiId: ApiId.onBehalfOf,
    miss,
    scopes: withOidcScopes(request.scopes),
    parameters,
    owner: { kind: "assertion", hash },
    nonce: "unchecked",
    throttleKey: throttleKey.join(" "),
  };
}

function tokenQuery(client: Client, url: AuthorityUrl, hash: string): TokenQuery {
  return {
    partition: assertionPartition(hash),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    kind: url.kind,
    issuer: dialectOf(url).hasIssuers ? url.href : undefined,
    realms: [url.realm.toLowerCase()],
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

function sessionHash(sessionKey: string): string {
  return SESSION + sha256Base64Url(sessionKey);
}
