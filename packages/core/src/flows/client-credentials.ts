import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { MULTI_TENANT_SEGMENTS } from "../authority/clouds.js";
import { checkRegion, regionalAuthority, type Region, type RegionAsk } from "../authority/region.js";
import { appPartition } from "../cache/memory/partition-key.js";
import { epochSeconds } from "../clock.js";
import type { AssertionSource } from "../credential/client-credential.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { Parameters } from "../request/parameters.js";
import { requestedScopes, withoutOidcScopes } from "../request/scopes.js";
import { flightKey, isolated } from "../request/request-keys.js";
import type { TokenRequest } from "../request/token-request.js";
import { providedTokens, type AppTokenProvider } from "../exchange/token-source.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";
import { acceptTokens } from "../exchange/accept-tokens.js";
import type { Client } from "../client/client.js";
import { freshness } from "../exchange/freshness.js";
import type { Grant } from "../exchange/grant.js";
import { redeem } from "../exchange/redeem.js";
import { sharedCall } from "../exchange/shared-call.js";

/** What a client credentials request says beside the common fields. */
export interface ClientCredentialsAsk {
  readonly skipCache: boolean;
  /** Path of the agent identity the token is for; sent as `fmi_path`. */
  readonly fmiPath?: string | undefined;
  /** Proves the client in place of its own credential. */
  readonly clientAssertion?: AssertionSource | undefined;
  /** Use the endpoint of a region. */
  readonly region?: RegionAsk | undefined;
  /** Gets the token in place of the token endpoint. */
  readonly provider?: AppTokenProvider | undefined;
}

/**
 * A token for the app itself (RFC 6749 §4.4): from the cache, or with one request however many callers ask at once.
 *
 * @throws ClientAuthError `missing_tenant_id_error` for `common`, `organizations` and `consumers`;
 * ClientConfigurationError `invalid_option` for an `azureRegion` that cannot be the name of a region
 * @example
 * ```ts
 * const graph = { ...request, scopes: ["https://graph.microsoft.com/.default"] };
 * const { accessToken } = await clientCredentials(client, graph, { skipCache: false });
 * ```
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
  if (ask.region) checkRegion(ask.region, request.correlationId);
  const scopes = requestedScopes(withoutOidcScopes(request.scopes), true, request.correlationId);
  const wanted: Wanted = { request, ask, url, scopes };
  if (ask.skipCache || request.claims) return send(client, wanted, CacheOutcome.forcedOrClaims);

  const look = (): AuthenticationResult | CacheOutcome => cached(client, wanted);
  const { tokenCache } = client;
  const found = tokenCache.immediate
    ? look()
    : await tokenCache.read(appPartition(client.clientId, url.realm), look);
  client.cache.countLookup(typeof found === "object");
  return typeof found === "object" ? found : send(client, wanted, found);
}

interface Wanted {
  readonly request: TokenRequest;
  readonly ask: ClientCredentialsAsk;
  readonly url: AuthorityUrl;
  readonly scopes: readonly string[];
}

function cached(client: Client, wanted: Wanted): AuthenticationResult | CacheOutcome {
  const { request, url, scopes } = wanted;
  const { realm } = url;
  const tokens = client.cache.findTokens({
    partition: appPartition(client.clientId, realm),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    realms: [realm.toLowerCase()],
    scopes,
    resource: request.resource,
    components: isolated(request),
  });
  if (!tokens) return CacheOutcome.noToken;
  const state = freshness(tokens.accessToken, epochSeconds(client.clock));
  if (state === "stale") return CacheOutcome.expired;
  if (state === "due") {
    client.renewals.start(flightKey(request.given, flow(wanted)), request, (background) =>
      send(client, { ...wanted, request: background }, CacheOutcome.proactive),
    );
  }
  client.telemetry.countHit();
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}

function send(client: Client, wanted: Wanted, cacheOutcome: CacheOutcome): Promise<AuthenticationResult> {
  const { request, ask, url, scopes } = wanted;
  return sharedCall(client, request, flow(wanted), async (call) => {
    const authority = await client.authorities.resolve(url, call);
    if (ask.provider) {
      const requestedAt = epochSeconds(client.clock);
      const tokens = await providedTokens(ask.provider, { request, scopes, tenantId: url.tenant });
      return acceptTokens(
        client,
        authority,
        request,
        grant(wanted, cacheOutcome),
        { tokens, requestedAt },
        call,
      );
    }
    const { regional, region } = await inRegion(client, authority, ask, call);
    return redeem(client, regional, request, grant(wanted, cacheOutcome, region), call);
  });
}

function flow({ ask, url, scopes }: Wanted): readonly unknown[] {
  return ["client_credentials", url.href, ask, ...scopes];
}

async function inRegion(
  client: Client,
  authority: Authority,
  ask: ClientCredentialsAsk,
  call: Call,
): Promise<{ readonly regional: Authority; readonly region: Region | undefined }> {
  const region = ask.region && (await client.regions.resolve(ask.region, call));
  return { regional: regionalAuthority(authority, region?.name), region };
}

function grant(wanted: Wanted, cacheOutcome: CacheOutcome, region?: Region): Grant {
  const { ask, url, scopes } = wanted;
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
    throttleKey: ["client_credentials", url.href, ask.fmiPath, ...scopes].join(" "),
    region,
    authentication: { assertion: ask.clientAssertion, fmiPath: ask.fmiPath },
  };
}
