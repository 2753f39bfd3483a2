import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { assertionPartition } from "../cache/memory/partition-key.js";
import type { TokenQuery } from "../cache/memory/partitioned-cache.js";
import { epochSeconds } from "../clock.js";
import { sha256Base64Url } from "../encoding.js";
import { AuthError, clientConfigurationError, interactionRequiredError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { Parameters } from "../request/parameters.js";
import { requestedScopes, withOidcScopes } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";
import type { Client } from "../client/client.js";
import { freshness } from "../exchange/freshness.js";
import { componentsOf, type Grant } from "../exchange/grant.js";
import { redeem } from "../exchange/redeem.js";
import { sharedCall } from "../exchange/shared-call.js";

/** What an on-behalf-of request says beside the common fields. One of `oboAssertion` and `sessionKey` at least. */
export interface OnBehalfOfAsk {
  /** The access token this API was called with. */
  readonly oboAssertion?: string | undefined;
  /**
   * Name of work that goes on when the caller has left. Given with an assertion it begins such work; alone it goes on
   * with the tokens that are kept under it, the refresh token included.
   */
  readonly sessionKey?: string | undefined;
  readonly skipCache: boolean;
}

/**
 * A token for a downstream API in the name of the user who called this one (RFC 7523 §2.1, as Entra extends it). Kept by
 * the hash of the assertion and the tenant: nobody gets a token for an assertion they do not hold.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found` when a session has no tokens (any more)
 */
export async function onBehalfOf(
  client: Client,
  request: TokenRequest,
  ask: OnBehalfOfAsk,
): Promise<AuthenticationResult> {
  const { oboAssertion, sessionKey } = ask;
  if (!oboAssertion && !sessionKey) {
    throw clientConfigurationError(
      "token_request_empty",
      "oboAssertion is missing: pass the access token this API was called with.",
      request,
    );
  }
  const notText = Object.entries({ oboAssertion, sessionKey }).find(
    ([, value]) => typeof (value ?? "") !== "string",
  );
  if (notText) {
    throw clientConfigurationError("invalid_option", `${notText[0]} is not a string: pass one.`, request);
  }
  requestedScopes(request.scopes, true, request.correlationId);
  const url = client.authorities.url(request.authorityUrl);
  const hash = sessionKey ? sessionHash(sessionKey) : sha256Base64Url(oboAssertion ?? "");
  const wanted: Wanted = { request, ask, url, hash };
  // A session that begins belongs to the assertion that begins it, whatever was kept under its name.
  const begins = sessionKey !== undefined && oboAssertion !== undefined;
  if (ask.skipCache || request.claims || begins) return send(client, wanted, CacheOutcome.forcedOrClaims);

  const look = (): AuthenticationResult | CacheOutcome => cached(client, wanted);
  const { tokenCache } = client;
  const found = tokenCache.immediate ? look() : await tokenCache.read(assertionPartition(hash), look);
  client.cache.countLookup(typeof found === "object");
  return typeof found === "object" ? found : send(client, wanted, found);
}

/** Forgets the tokens of long-running work. */
export function endOnBehalfOfSession(client: Client, sessionKey: string): Promise<void> {
  const key = assertionPartition(sessionHash(sessionKey));
  return client.tokenCache.write(key, () => {
    client.cache.removePartition(key);
  });
}

interface Wanted {
  readonly request: TokenRequest;
  readonly ask: OnBehalfOfAsk;
  readonly url: AuthorityUrl;
  readonly hash: string;
}

function cached(client: Client, wanted: Wanted): AuthenticationResult | CacheOutcome {
  const { request, url } = wanted;
  const components = componentsOf(request, ownComponents(request));
  const tokens = client.cache.findTokens({
    ...tokenQuery(client, wanted),
    scopes: request.scopes,
    components,
  });
  if (!tokens) return CacheOutcome.noToken;
  if (freshness(tokens.accessToken, epochSeconds(client.clock)) === "stale") return CacheOutcome.expired;
  client.telemetry.countHit();
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}

function send(client: Client, wanted: Wanted, outcome: CacheOutcome): Promise<AuthenticationResult> {
  const { request, ask, url, hash } = wanted;
  const assertionHash = ask.oboAssertion ? sha256Base64Url(ask.oboAssertion) : "";
  const key = ["on_behalf_of", url.href, hash, assertionHash, ...request.scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    const { oboAssertion } = ask;
    // Only what has run out is renewed: for other scopes or tenants the refresh token may be refused.
    const renewing = !oboAssertion || outcome === CacheOutcome.expired;
    const renewed = renewing ? await renew(client, authority, wanted, outcome, call) : undefined;
    if (renewed) return renewed;
    if (!oboAssertion) {
      throw interactionRequiredError(
        "no_tokens_found",
        "Nothing is kept under this sessionKey (any more): begin again with the assertion of a call.",
        call,
      );
    }
    const parameters = new Parameters()
      .set("scope", withOidcScopes(request.scopes).join(" "))
      .set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
      .set("requested_token_use", "on_behalf_of")
      .set("assertion", oboAssertion);
    return redeem(client, authority, request, grant(wanted, parameters, outcome, key), call);
  });
}

/** Tokens for the refresh token that is kept beside the expired one; `undefined` when there is none, or it is refused. */
function renew(
  client: Client,
  authority: Authority,
  wanted: Wanted,
  outcome: CacheOutcome,
  call: Call,
): Promise<AuthenticationResult | undefined> {
  const query = tokenQuery(client, wanted);
  const redeemKept = async (): Promise<AuthenticationResult | undefined> => {
    const again = await client.tokenCache.read(query.partition, () =>
      outcome === CacheOutcome.forcedOrClaims ? outcome : cached(client, wanted),
    );
    if (typeof again === "object") return again;
    const token = client.cache.findRefreshToken(query, false);
    if (!token) return undefined;
    const parameters = new Parameters()
      .set("scope", withOidcScopes(wanted.request.scopes).join(" "))
      .set("grant_type", "refresh_token")
      .set("refresh_token", token.entity.secret);
    const key = ["on_behalf_of refresh", wanted.hash, ...wanted.request.scopes].join(" ");
    try {
      return await redeem(client, authority, wanted.request, grant(wanted, parameters, outcome, key), call);
    } catch (error) {
      // Refused: the assertion may still do. Without one, this is what the caller has to know.
      if (error instanceof AuthError && error.errorCode === "invalid_grant" && wanted.ask.oboAssertion)
        return undefined;
      throw error;
    }
  };
  return client.tokenCache.refreshing(query.partition, redeemKept, call.signal);
}

function grant(
  { request, hash }: Wanted,
  parameters: Parameters,
  cacheOutcome: CacheOutcome,
  throttleKey: string,
): Grant {
  return {
    apiId: ApiId.onBehalfOf,
    cacheOutcome,
    scopes: withOidcScopes(request.scopes),
    parameters,
    owner: { kind: "assertion", hash },
    nonce: "unchecked",
    throttleKey,
    components: ownComponents(request),
  };
}

function tokenQuery(client: Client, { url, hash }: Wanted): TokenQuery {
  return {
    partition: assertionPartition(hash),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    realms: [url.realm.toLowerCase()],
  };
}

/** A session is told apart from an assertion by its prefix, so that no assertion can name one. */
function sessionHash(sessionKey: string): string {
  return `session.${sha256Base64Url(sessionKey)}`;
}

function ownComponents({ claimsFromClient }: TokenRequest): Readonly<Record<string, string>> | undefined {
  return claimsFromClient && { client_claims: claimsFromClient.text };
}
