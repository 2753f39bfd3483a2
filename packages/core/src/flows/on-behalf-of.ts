import type { AuthorityUrl } from "../authority/authority-url.js";
import { assertionPartition } from "../cache/partition-key.js";
import { epochSeconds } from "../clock.js";
import { sha256Base64Url } from "../encoding.js";
import { Parameters } from "../request/parameters.js";
import { requestedScopes, withOidcScopes } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../telemetry.js";
import type { Client } from "./client.js";
import { freshness } from "./freshness.js";
import { redeem } from "./redeem.js";
import { sharedCall } from "./shared-call.js";

/** What an on-behalf-of request says beside the common fields. */
export interface OnBehalfOfAsk {
  /** The access token this API was called with. */
  readonly oboAssertion: string;
  readonly skipCache: boolean;
}

/**
 * A token for a downstream API in the name of the user who called this one (RFC 7523 §2.1, as Entra extends it). Kept by
 * the hash of the assertion and the tenant: nobody gets a token for an assertion they do not hold.
 */
export async function onBehalfOf(
  client: Client,
  request: TokenRequest,
  ask: OnBehalfOfAsk,
): Promise<AuthenticationResult> {
  const url = client.authorities.url(request.authorityUrl);
  requestedScopes(request.scopes, true, request.correlationId);
  const hash = sha256Base64Url(ask.oboAssertion);
  if (ask.skipCache || request.claims) return send(client, request, ask, url, hash, CacheOutcome.forcedOrClaims);

  const look = (): AuthenticationResult | CacheOutcome => cached(client, request, url, hash);
  const { tokenCache } = client;
  const found = tokenCache.immediate ? look() : await tokenCache.read(assertionPartition(hash), look);
  return typeof found === "object" ? found : send(client, request, ask, url, hash, found);
}

function cached(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  hash: string,
): AuthenticationResult | CacheOutcome {
  const tokens = client.cache.findTokens({
    partition: assertionPartition(hash),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    realms: [realmOf(url).toLowerCase()],
    scopes: request.scopes,
    components: componentsOf(request),
  });
  if (!tokens) return CacheOutcome.noToken;
  if (freshness(tokens.accessToken, epochSeconds(client.clock)) === "stale") return CacheOutcome.expired;
  client.telemetry.countHit();
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}

function send(
  client: Client,
  request: TokenRequest,
  ask: OnBehalfOfAsk,
  url: AuthorityUrl,
  hash: string,
  cacheOutcome: CacheOutcome,
): Promise<AuthenticationResult> {
  const scopes = withOidcScopes(request.scopes);
  const key = ["on_behalf_of", url.href, hash, ...scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    return redeem(
      client,
      authority,
      request,
      {
        apiId: ApiId.onBehalfOf,
        cacheOutcome,
        scopes,
        parameters: new Parameters()
          .set("scope", scopes.join(" "))
          .set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
          .set("requested_token_use", "on_behalf_of")
          .set("assertion", ask.oboAssertion),
        owner: { kind: "assertion", hash },
        nonce: "unchecked",
        throttleKey: key,
        components: componentsOf(request),
      },
      call,
    );
  });
}

function realmOf(url: AuthorityUrl): string {
  return url.kind === "oidc" ? url.segments.join("/") : url.tenant;
}

function componentsOf({ claimsFromClient }: TokenRequest): Readonly<Record<string, string>> | undefined {
  return claimsFromClient && { client_claims: claimsFromClient.text };
}
