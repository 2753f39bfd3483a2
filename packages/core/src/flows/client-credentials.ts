import { checkRegion, regionalAuthority, type Region, type RegionAsk } from "../authority/region.js";
import { findTokens } from "../cache/memory/find.js";
import type { AgentClient, Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import {
  checkedAssertion,
  type AssertionContext,
  type AssertionSource,
} from "../credential/assertion-source.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { isAuthError } from "../errors/errors.js";
import { withinCallTime } from "../http/within-call-time.js";
import { acceptTokens } from "../exchange/accept-tokens.js";
import { cacheFirst, type Wanted } from "../exchange/cache-first.js";
import { sharedExchange, type Exchange, type Shared } from "../exchange/exchange.js";
import { freshness } from "../exchange/freshness.js";
import type { Grant } from "../exchange/grant.js";
import { requestInTurn } from "../exchange/in-turn.js";
import { observedSource } from "../exchange/observed-request.js";
import { redeem } from "../exchange/redeem.js";
import { questionIn } from "../exchange/repeated-hit.js";
import { tokensFrom, type TokenSource } from "../exchange/token-source.js";
import type { Budget } from "../http/budget.js";
import { isOutage } from "../http/retry-policy.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import type { BaseRequest, TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { appQuery, appRequest, tenantAuthority, UNSCOPED } from "./app-tokens.js";

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
  /** What is left to the call of which the token is a step. */
  readonly budget?: Budget | undefined;
  /** Authenticates the client in place of its own credential. */
  readonly proof?: AgentClient["proof"] | undefined;
  /** Fetches a JWT that is the grant itself (RFC 7523 §2.1): the token is that of its subject. One for each client. */
  readonly assertion?: ((context: AssertionContext) => Promise<string>) | undefined;
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
  return clientCredentialsNow(client, input, host);
}

/** Does the same as {@link clientCredentials}, for callers that are asynchronous themselves: errors are thrown synchronously. */
export function clientCredentialsNow(
  client: Client,
  input: ClientCredentialsInput,
  host: ClientCredentialsHost,
): AuthenticationResult | Promise<AuthenticationResult> {
  const request = appRequest(client, input);
  return appToken(client, request, host, request.given);
}

/** Does the same as {@link clientCredentials} for a request that has been checked. Returns a cache hit synchronously. */
export function appToken(
  client: Client,
  asked: TokenRequest,
  host: ClientCredentialsHost,
  own: OwnFields,
): AuthenticationResult | Promise<AuthenticationResult> {
  const url = tenantAuthority(client, asked);
  const { fmiPath } = own;
  const { assertion, budget } = host;
  // The client's own tokens are others.
  const components = assertion ? { ...asked.components, grant: "assertion" } : asked.components;
  const request = assertion || budget ? { ...asked, components, budget } : asked;
  if (host.region) checkRegion(host.region, request.correlationId);
  const wanted: WantedByApp = {
    request,
    url,
    flow: [
      host.assertion ? "assertion" : "client_credentials",
      host.region,
      host.source?.sharedAs ?? host.source,
    ],
    isRepeatable: host.assertion === undefined,
    query: appQuery(client, request, url, fmiPath),
    renewsEarly: true,
    question: host.assertion ? undefined : questionIn(client, request.given),
    host,
    own,
  };
  return own.skipCache || request.claims ? send(client, wanted, "forced") : cacheFirst(client, wanted, send);
}

interface WantedByApp extends Wanted, Shared {
  readonly host: ClientCredentialsHost;
  readonly own: OwnFields;
}

function send(client: Client, wanted: WantedByApp, miss: Miss): Promise<AuthenticationResult> {
  const { request, url, host } = wanted;
  const { query } = wanted;
  const scopes = query.scopes === UNSCOPED ? [] : query.scopes;
  const { fmiPath, clientAssertion } = wanted.own;
  const asked = { ...request, scopes: query.scopes };
  return sharedExchange(client, asked, wanted, (shared) =>
    requestInTurn(shared, wanted, miss, (exchange) =>
      acquire(exchange, wanted, {
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
          isStep: host.proof !== undefined,
          fmiPath,
        },
      }),
    ),
  );
}

/** Acquires the token from another source, from a regional token endpoint, or from the authority's. */
async function acquire(exchange: Exchange, wanted: WantedByApp, grant: Grant): Promise<AuthenticationResult> {
  const { source, region, assertion } = wanted.host;
  if (assertion) return redeem(exchange, await assertionGrant(exchange, grant, assertion));
  if (source) {
    const asked = { source, scopes: grant.scopes, revokedToken: () => revokedToken(exchange, wanted) };
    const received = await observedSource(exchange, grant, () => tokensFrom(exchange, asked));
    return acceptTokens(exchange, grant, received);
  }
  const { client, authority, call } = exchange;
  const found: Region | undefined = region && (await client.regions.resolve(region, call));
  const regional = regionalAuthority(authority, found?.name);
  if (regional === authority) return redeem(exchange, found ? { ...grant, region: found } : grant);
  const budget = (call.budget ?? client.transport.budget()).half();
  try {
    return await redeem(
      { ...exchange, authority: regional, call: { ...call, budget } },
      { ...grant, region: found },
    );
  } catch (error) {
    if (call.signal?.aborted || !isOutageError(error)) throw error;
    client.logger().info(FALLS_BACK, call.correlationId);
    return redeem(exchange, { ...grant, region: { name: undefined, source: found?.source, outcome: 5 } });
  }
}

/** Replaces the grant of the client by that of an assertion's subject. */
async function assertionGrant(
  { client, authority, call }: Exchange,
  grant: Grant,
  fetch: NonNullable<ClientCredentialsHost["assertion"]>,
): Promise<Grant> {
  const { clientId } = client;
  const tokenEndpoint = authority.metadata.token_endpoint;
  const jwt: unknown = await withinCallTime(call, "assertion", (signal) =>
    fetch({ clientId, tokenEndpoint, signal }),
  );
  return {
    ...grant,
    parameters: new Parameters()
      .set("scope", grant.scopes.join(" "))
      .set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
      .set("assertion", checkedAssertion(jwt)),
    throttleKey: `assertion ${grant.throttleKey}`,
  };
}

const FALLS_BACK = "The endpoint of the region does not work: the token is requested from the global one.";

/** Whether an error says that a host does not work, rather than that it refuses the request or wants a pause. */
function isOutageError(error: unknown): boolean {
  // What the app has not provided in time was never sent.
  if (!isAuthError(error) || !error.isRetryable || error.attempts === undefined) return false;
  return (
    error.errorCode === "network_error" || (isAuthError(error, "ServerError") && isOutage(error.status ?? 0))
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
