import type { AuthorityUrl } from "../authority/authority-url.js";
import { MULTI_TENANT_SEGMENTS } from "../authority/clouds.js";
import { appPartition } from "../cache/partitioned-cache.js";
import { epochSeconds } from "../clock.js";
import { clientAuthError } from "../errors/errors.js";
import { Parameters } from "../request/parameters.js";
import { requestedScopes, withoutOidcScopes } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../telemetry.js";
import type { Client } from "./client.js";
import { freshness } from "./freshness.js";
import { redeem, type Grant } from "./redeem.js";
import { sharedCall } from "./shared-call.js";

/**
 * A token for the app itself (RFC 6749 §4.4): from the cache, or with one request however many callers ask at once.
 *
 * @throws ClientAuthError `missing_tenant_id_error` for `common`, `organizations` and `consumers`
 */
export async function clientCredentials(
  client: Client,
  request: TokenRequest,
  skipCache: boolean,
): Promise<AuthenticationResult> {
  const url = client.authorities.url(request.authorityUrl);
  if (url.kind === "entra" && MULTI_TENANT_SEGMENTS.has(url.tenant)) {
    throw clientAuthError(
      "missing_tenant_id_error",
      `An app's own token belongs to one tenant, and the authority names "${url.tenant}": give a tenant id or domain instead.`,
      request,
    );
  }
  const scopes = requestedScopes(withoutOidcScopes(request.scopes), true, request.correlationId);
  if (skipCache || request.claims) return send(client, request, url, scopes, CacheOutcome.forcedOrClaims);

  const look = (): AuthenticationResult | CacheOutcome => cached(client, request, url, scopes);
  const found = client.tokenCache.persistence ? await client.tokenCache.read(look) : look();
  return typeof found === "object" ? found : send(client, request, url, scopes, found);
}

function cached(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  scopes: readonly string[],
): AuthenticationResult | CacheOutcome {
  const realm = realmOf(url);
  const tokens = client.cache.findTokens({
    partition: appPartition(client.clientId, realm),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    realms: [realm.toLowerCase()],
    scopes,
  });
  if (!tokens) return CacheOutcome.noToken;
  const state = freshness(tokens.accessToken, epochSeconds(client.clock));
  if (state === "stale") return CacheOutcome.expired;
  if (state === "due") {
    const { signal: _, timeoutMs: __, ...background } = request;
    const renewal = { ...background, signal: undefined, timeoutMs: undefined };
    send(client, renewal, url, scopes, CacheOutcome.proactive).catch((error: unknown) => {
      client.logger().warning(`The token in the cache stays in use, renewing it failed: ${String(error)}`, request.correlationId);
    });
  }
  client.telemetry.countHit();
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}

function send(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  scopes: readonly string[],
  cacheOutcome: CacheOutcome,
): Promise<AuthenticationResult> {
  const key = ["client_credentials", url.href, ...scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    return redeem(client, authority, request, grant(scopes, cacheOutcome, key), call);
  });
}

function grant(scopes: readonly string[], cacheOutcome: CacheOutcome, throttleKey: string): Grant {
  return {
    apiId: ApiId.clientCredential,
    cacheOutcome,
    scopes,
    parameters: new Parameters().set("scope", scopes.join(" ")).set("grant_type", "client_credentials"),
    owner: { kind: "app" },
    nonce: "unchecked",
    throttleKey,
  };
}

function realmOf(url: AuthorityUrl): string {
  return url.kind === "oidc" ? url.segments.join("/") : url.tenant;
}
