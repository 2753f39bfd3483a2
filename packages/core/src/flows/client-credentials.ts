import type { AuthorityUrl } from "../authority/authority-url.js";
import { MULTI_TENANT_SEGMENTS } from "../authority/clouds.js";
import { appPartition } from "../cache/partition-key.js";
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

/** What a client credentials request says beside the common fields. */
export interface ClientCredentialsAsk {
  readonly skipCache: boolean;
  /** Path of the agent identity the token is for; sent as `fmi_path`. */
  readonly fmiPath?: string | undefined;
}

/**
 * A token for the app itself (RFC 6749 §4.4): from the cache, or with one request however many callers ask at once.
 *
 * @throws ClientAuthError `missing_tenant_id_error` for `common`, `organizations` and `consumers`
 */
export async function clientCredentials(
  client: Client,
  request: TokenRequest,
  ask: ClientCredentialsAsk,
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
  if (ask.skipCache || request.claims) return send(client, request, ask, url, scopes, CacheOutcome.forcedOrClaims);

  const look = (): AuthenticationResult | CacheOutcome => cached(client, request, ask, url, scopes);
  const { tokenCache } = client;
  const found = tokenCache.immediate ? look() : await tokenCache.read(appPartition(client.clientId, realmOf(url)), look);
  return typeof found === "object" ? found : send(client, request, ask, url, scopes, found);
}

function cached(
  client: Client,
  request: TokenRequest,
  ask: ClientCredentialsAsk,
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
    components: componentsOf(request, ask),
  });
  if (!tokens) return CacheOutcome.noToken;
  const state = freshness(tokens.accessToken, epochSeconds(client.clock));
  if (state === "stale") return CacheOutcome.expired;
  if (state === "due") {
    const renewal = { ...request, signal: undefined, timeoutMs: undefined };
    send(client, renewal, ask, url, scopes, CacheOutcome.proactive).catch((error: unknown) => {
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
  ask: ClientCredentialsAsk,
  url: AuthorityUrl,
  scopes: readonly string[],
  cacheOutcome: CacheOutcome,
): Promise<AuthenticationResult> {
  const key = ["client_credentials", url.href, ask.fmiPath, ...scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    return redeem(client, authority, request, grant(request, ask, scopes, cacheOutcome, key), call);
  });
}

function grant(
  request: TokenRequest,
  ask: ClientCredentialsAsk,
  scopes: readonly string[],
  cacheOutcome: CacheOutcome,
  throttleKey: string,
): Grant {
  return {
    apiId: ApiId.clientCredential,
    cacheOutcome,
    scopes,
    parameters: new Parameters()
      .set("scope", scopes.join(" "))
      .set("grant_type", "client_credentials")
      .set("fmi_path", ask.fmiPath),
    owner: { kind: "app" },
    nonce: "unchecked",
    throttleKey,
    components: componentsOf(request, ask),
  };
}

/** What the token is bound to beside its scopes; part of its cache key. */
function componentsOf({ claimsFromClient }: TokenRequest, { fmiPath }: ClientCredentialsAsk): Grant["components"] {
  if (!fmiPath && !claimsFromClient) return undefined;
  return { ...(fmiPath ? { fmi_path: fmiPath } : {}), ...(claimsFromClient ? { client_claims: claimsFromClient.text } : {}) };
}

function realmOf(url: AuthorityUrl): string {
  return url.kind === "oidc" ? url.segments.join("/") : url.tenant;
}
