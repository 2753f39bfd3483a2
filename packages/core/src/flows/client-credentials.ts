import type { AuthorityUrl } from "../authority/authority-url.js";
import { checkRegion, regionalAuthority, type Region, type RegionAsk } from "../authority/region.js";
import { findTokens, type AccessTokenQuery } from "../cache/memory/find.js";
import { appPartition } from "../cache/memory/partition-key.js";
import type { AgentClient, Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import type { AssertionSource } from "../credential/assertion-source.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { clientAuthError } from "../errors/errors.js";
import { acceptTokens } from "../exchange/accept-tokens.js";
import { cacheFirst, freshHits, type Wanted } from "../exchange/cache-first.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { freshness } from "../exchange/freshness.js";
import type { Grant } from "../exchange/grant.js";
import { requestInTurn } from "../exchange/in-turn.js";
import { redeem } from "../exchange/redeem.js";
import { tokensFrom, type SourceRequest, type TokenSource } from "../exchange/token-source.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import { isolated } from "../request/request-keys.js";
import { requestedScopes, withoutOidcScopes } from "../request/scopes.js";
import {
  requireRequest,
  tokenRequest,
  type BaseRequest,
  type TokenRequest,
} from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** Request for an app-only token. */
export interface ClientCredentialsInput extends BaseRequest {
  /** For Entra, exactly one: `{resource}/.default`. An OpenID Provider may grant a scope of its own choice without. */
  readonly scopes?: readonly string[];
  /** Request a new token even if one is cached. */
  readonly skipCache?: boolean;
  /** Path of the agent identity the token is for (federated managed identity). Its tokens are cached separately. */
  readonly fmiPath?: string;
  /** Authenticates the client in place of its own credential. */
  readonly clientAssertion?: AssertionSource;
}

/** The host environment's region and token source. */
export interface ClientCredentialsHost {
  /** Use the token endpoint of a region. */
  readonly region?: RegionAsk | undefined;
  /** Gets tokens in place of the token endpoint. */
  readonly source?: TokenSource | undefined;
  /** Authenticates the client in place of its own credential. */
  readonly proof?: AgentClient["proof"] | undefined;
}

/** The fields of a request for an app-only token, besides those of every request. */
type OwnFields = Pick<ClientCredentialsInput, "skipCache" | "fmiPath" | "clientAssertion">;

/**
 * Returns an app-only token (RFC 6749 §4.4) from the cache, or acquires it with one request for all concurrent
 * callers.
 *
 * @throws ClientAuthError `missing_tenant_id_error` for `common`, `organizations` and `consumers`;
 * ClientConfigurationError `invalid_option` for a region name that is not valid
 * @example
 * ```ts
 * const { accessToken } = await clientCredentials(client, { scopes: ["https://graph.microsoft.com/.default"] });
 * ```
 */
export async function clientCredentials(
  client: Client,
  input: ClientCredentialsInput,
  host: ClientCredentialsHost = {},
): Promise<AuthenticationResult> {
  const request = appRequest(client, input);
  return appToken(client, request, host, request.given);
}

/** Returns the authority of a request, which has to name a single tenant. */
export function tenantAuthority(client: Client, request: TokenRequest): AuthorityUrl {
  const url = client.authorities.url(request.authorityUrl);
  if (!dialectOf(url).isMultiTenant(url)) return url;
  throw clientAuthError(
    "missing_tenant_id_error",
    `An app-only token belongs to a single tenant, but the authority names "${url.tenant}": use a tenant id or domain instead.`,
    request,
  );
}

/** Does the same as {@link clientCredentials} for a request that has been checked. Returns a cache hit synchronously. */
export function appToken(
  client: Client,
  request: TokenRequest,
  host: ClientCredentialsHost,
  own: OwnFields,
): AuthenticationResult | Promise<AuthenticationResult> {
  const url = tenantAuthority(client, request);
  const { fmiPath } = own;
  if (host.region) checkRegion(host.region, request.correlationId);
  const wanted: WantedByApp = {
    request,
    url,
    flow: ["client_credentials", host.region, host.source?.sharedAs ?? host.source],
    query: queryOf(client, request, url, fmiPath),
    renewsEarly: true,
    host,
    own,
  };
  return own.skipCache || request.claims ? send(client, wanted, "forced") : cacheFirst(client, wanted, send);
}

/**
 * Returns a function that finds the token of one request in memory if it is fresh, for programs that make the same request
 * with each call: it takes a quarter of the time of {@link clientCredentials}. Its argument is the correlation id of the call.
 */
export function freshAppToken(
  client: Client,
  input: Pick<ClientCredentialsInput, "scopes">,
): (correlationId: string) => AuthenticationResult | undefined {
  const request = appRequest(client, input);
  const url = client.authorities.url(request.authorityUrl);
  return freshHits(client, { url, query: queryOf(client, request, url) });
}

/** Checks a request for an app-only token. */
function appRequest<R extends BaseRequest>(client: Client, input: R): TokenRequest<R> {
  requireRequest(input);
  const authority: unknown = input.authority || client.defaultAuthority;
  const needsScope =
    typeof authority !== "string" || dialectOf(client.authorities.url(authority)).needsAppScope;
  return tokenRequest(client, input, needsScope);
}

/**
 * Stands for a request without scopes in the cache, where no list of scopes equals it: the server may grant it anything.
 */
const UNSCOPED: readonly string[] = [""];

/** Returns the scopes to look for. The OpenID Connect scopes name no resource, so where one is needed they are left out. */
function appScopes({ scopes, correlationId }: TokenRequest, url: AuthorityUrl): readonly string[] {
  if (dialectOf(url).needsAppScope) return requestedScopes(withoutOidcScopes(scopes), true, correlationId);
  return scopes.length > 0 ? scopes : UNSCOPED;
}

function queryOf(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  fmiPath?: string,
): AccessTokenQuery {
  return {
    partition: appPartition(client.clientId, url.realm, fmiPath),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    realms: [url.realm.toLowerCase()],
    scopes: appScopes(request, url),
    scheme: request.scheme,
    resource: request.resource,
    components: isolated(request),
    // Of the path, MSAL for Go writes only a hash.
    alsoIn: fmiPath ? appPartition(client.clientId, url.realm) : undefined,
  };
}

interface WantedByApp extends Wanted {
  readonly host: ClientCredentialsHost;
  readonly own: OwnFields;
}

function send(client: Client, wanted: WantedByApp, miss: Miss): Promise<AuthenticationResult> {
  const { request, url, host } = wanted;
  const { query } = wanted;
  const scopes = query.scopes === UNSCOPED ? [] : query.scopes;
  const { fmiPath, clientAssertion } = wanted.own;
  return sharedExchange(client, { ...request, scopes: query.scopes }, wanted, (shared) =>
    requestInTurn(shared, wanted, miss, (exchange) =>
      acquire(
        exchange,
        { ...host, revokedToken: () => revokedToken(exchange, wanted) },
        {
          apiId: ApiId.clientCredential,
          miss,
          scopes,
          parameters: new Parameters()
            .set("scope", scopes.join(" "))
            .set("grant_type", "client_credentials")
            .set("fmi_path", fmiPath),
          owner: { kind: "app" },
          nonce: "unchecked",
          throttleKey: ["client_credentials", url.href, fmiPath, ...scopes].join(" "),
          authentication: {
            assertion: host.proof?.(url.href, exchange.call, host.region) ?? clientAssertion,
            fmiPath,
          },
        },
      ),
    ),
  );
}

/** Acquires the token from another source, from a regional token endpoint, or from the authority's. */
async function acquire(
  exchange: Exchange,
  { source, region, revokedToken }: ClientCredentialsHost & Pick<SourceRequest, "revokedToken">,
  grant: Grant,
): Promise<AuthenticationResult> {
  if (source) {
    const asked = { source, scopes: grant.scopes, revokedToken };
    return acceptTokens(exchange, grant, await tokensFrom(exchange, asked));
  }
  const { client, authority, call } = exchange;
  const found: Region | undefined = region && (await client.regions.resolve(region, call));
  return redeem(
    { ...exchange, authority: regionalAuthority(authority, found?.name) },
    { ...grant, region: found },
  );
}

/** Returns the token that the cache would have returned if the request had no claims. */
async function revokedToken({ client, request }: Exchange, wanted: WantedByApp): Promise<string | undefined> {
  const { query, own } = wanted;
  if (!request.claims || own.skipCache) return undefined;
  const tokens = await client.cache.read(query.partition, (memory) => findTokens(memory, query));
  if (!tokens) return undefined;
  const state = freshness(tokens.accessToken, epochSeconds(client.clock), client.renewalMargin);
  return state === "stale" ? undefined : tokens.accessToken.entity.secret;
}
