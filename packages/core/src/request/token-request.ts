import { newCorrelationId } from "../correlation-id.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { Budget } from "../http/budget.js";
import { printable } from "../printable.js";
import { checkedDetails, type AuthorizationDetail } from "./authorization-details.js";
import { parseClaims } from "./claims.js";
import { copied, type RequestDefaults } from "./request-copy.js";
import { componentsOf, type Components, type GivenRequest } from "./request-keys.js";
import { checkedSeconds, checkedToken } from "./renewal.js";
import { checkedResource } from "./resource.js";
import { checkedExclusion, requestedScopes } from "./scopes.js";

/** Fields common to all public request objects. */
export interface BaseRequest {
  /** Scopes to request. */
  scopes?: readonly string[];
  /** Scopes to leave out, in addition to the application's, such as `offline_access`, which is added otherwise. */
  excludeScopes?: readonly string[];
  /** Authority URL for this request; defaults to the application's. */
  authority?: string;
  /** GUID that identifies this request in the logs of the application and the server. */
  correlationId?: string;
  /** Claims challenge, as JSON. Bypasses the cache. */
  claims?: string;
  /** Static claims of the client, as JSON. Part of the cache key, so use few distinct values. */
  claimsFromClient?: string;
  /** Extra parameters for the query of the token request. */
  extraQueryParameters?: Record<string, string>;
  /** Extra parameters for the body of the token request. */
  extraParameters?: Record<string, string>;
  /**
   * Minimum remaining lifetime of a cached token, in seconds; a token closer to its expiry is renewed first. Defaults to
   * the application's `cache.renewalMarginSeconds`.
   */
  renewalMarginSeconds?: number;
  /** An access token that the API has rejected with 401. It is removed from the cache before the lookup. */
  refusedToken?: string;
  /** Which tokens of the response to cache; all by default. */
  storeInCache?: StoreInCache;
  /** Resource indicator (RFC 8707): an absolute URI without a fragment, or several of them. */
  resource?: string | string[];
  /** What the token may be used for, in detail (RFC 9396). Tokens with other details are cached separately. */
  authorizationDetails?: readonly AuthorizationDetail[];
  /**
   * Token type: `Bearer` by default. `DPoP` binds the token to a key that is kept with it (RFC 9449), at OpenID Providers
   * other than Microsoft's. Otherwise a token is bound to a key that only the operating system's broker holds; without a
   * broker this is refused with `unsupported_authentication_scheme`.
   */
  authenticationScheme?: AuthenticationScheme;
  /** Assertions of attribute authorities to send. Tokens acquired with them are cached separately. */
  attributeTokens?: string[];
  /** Cancels the call. */
  signal?: AbortSignal;
  /** Timeout of the call, in milliseconds. */
  timeoutMs?: number;
}

/** How a token is presented: as a bearer token, or bound to a key. */
export type AuthenticationScheme = "Bearer" | "pop" | "DPoP" | "ssh-cert";

/** Which tokens of a response are cached. A token is cached unless its field is `false`. */
export interface StoreInCache {
  accessToken?: boolean;
  idToken?: boolean;
  refreshToken?: boolean;
}

/** A request whose fields have been checked. */
export interface TokenRequest<R extends BaseRequest = BaseRequest> {
  readonly scopes: readonly string[];
  readonly excludeScopes: readonly string[];
  readonly authorityUrl: string;
  /** True when the request itself names the authority. */
  readonly authorityIsExplicit: boolean;
  readonly correlationId: string;
  readonly claims: Record<string, unknown> | undefined;
  /** Static claims: the string for the cache key, and the parsed object for the request. */
  readonly claimsFromClient: { readonly text: string; readonly claims: Record<string, unknown> } | undefined;
  readonly extraQueryParameters: Readonly<Record<string, string>> | undefined;
  readonly extraParameters: Readonly<Record<string, string>> | undefined;
  readonly renewalMargin: number | undefined;
  readonly refusedToken: string | undefined;
  readonly storeInCache: StoreInCache | undefined;
  /** Checked, as one text; {@link resourcesIn} takes it apart. */
  readonly resource: string | undefined;
  /** `DPoP` for a token that is bound to a key (RFC 9449); a bearer token by default. */
  readonly scheme: "DPoP" | undefined;
  /** Authorization details, as JSON. */
  readonly authorizationDetails: string | undefined;
  /** Attribute tokens, sorted and joined: the form in which they are sent and distinguish cached tokens. */
  readonly attributeTokens: string | undefined;
  /** What the token is bound to besides its scopes. */
  readonly components: Components | undefined;
  /**
   * Copy of the caller's request, including flow-specific fields, without `null` fields. Later changes by the caller
   * do not affect it.
   */
  readonly given: Readonly<R> & GivenRequest;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  /** When that began, if not with the request: see {@link begun}. */
  readonly startedAt?: number | undefined;
  /** What is left to the call of which the request is a step; otherwise it has a time of its own. */
  readonly budget: Budget | undefined;
}

type Requester = Pick<RequestDefaults, "defaultAuthority"> & Partial<RequestDefaults>;

/**
 * Checks the fields common to all requests.
 *
 * @param client its authority and extra parameters are used when the request does not name others
 * @param input the caller's request; `null` fields count as absent
 * @param needsScope whether the flow needs a scope
 * @throws ClientConfigurationError naming the field
 */
export function tokenRequest<R extends BaseRequest>(
  client: Requester,
  input: R,
  needsScope = false,
): TokenRequest<R> {
  requireRequest(input);
  const given = copied(input, client.extraParameters);
  const request: BaseRequest = given;
  const correlationId = callerCorrelationId(request.correlationId) || newCorrelationId();
  return {
    scopes: requestedScopes(request.scopes, needsScope, correlationId),
    excludeScopes: checkedExclusion(request.excludeScopes, "excludeScopes", correlationId),
    authorityUrl: request.authority || client.defaultAuthority,
    authorityIsExplicit: Boolean(request.authority),
    correlationId,
    claims: parseClaims(request.claims, "claims", correlationId),
    claimsFromClient: staticClaims(request.claimsFromClient, correlationId),
    extraQueryParameters: request.extraQueryParameters,
    extraParameters: request.extraParameters,
    renewalMargin: checkedSeconds(request.renewalMarginSeconds, "renewalMarginSeconds", correlationId),
    refusedToken: checkedToken(request.refusedToken, correlationId),
    storeInCache: request.storeInCache,
    resource: checkedResource(request.resource, correlationId),
    scheme: boundScheme(request, client, correlationId),
    authorizationDetails: checkedDetails(request.authorizationDetails, correlationId),
    attributeTokens: serializedTokens(request.attributeTokens, correlationId),
    components: componentsOf(given, correlationId),
    given,
    signal: request.signal,
    timeoutMs: checkedTimeout(request.timeoutMs, correlationId),
    budget: undefined,
  };
}

/** Checked because an app may copy it from an incoming request, and it reaches logs, errors and HTTP headers. */
function callerCorrelationId(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string") return printable(value);
  throw clientConfigurationError(
    "invalid_option",
    `correlationId is a ${typeof value}: pass a GUID as a string, or leave it out.`,
  );
}

/** Never falls back to a bearer token when a bound one was requested. */
function boundScheme(
  { authenticationScheme: scheme, authority }: BaseRequest,
  client: Requester,
  correlationId: string,
): "DPoP" | undefined {
  if (!scheme) return undefined;
  const name = scheme.toLowerCase();
  if (name === "bearer") return undefined;
  if (name === "dpop" && client.bindsTokens?.(authority || client.defaultAuthority)) return "DPoP";
  throw clientConfigurationError(
    "unsupported_authentication_scheme",
    `authenticationScheme "${scheme}" binds the token to a key that only a broker holds: configure one (broker.nativeBrokerPlugin), or request Bearer. DPoP without a broker is for OpenID Providers other than Microsoft's.`,
    { correlationId },
  );
}

function serializedTokens(tokens: unknown, correlationId: string): string | undefined {
  if (tokens === undefined || tokens === null) return undefined;
  if (!Array.isArray(tokens) || !tokens.every((token) => typeof token === "string")) {
    throw clientConfigurationError(
      "invalid_option",
      "attributeTokens is not an array of strings: pass the tokens of the attribute authorities.",
      { correlationId },
    );
  }
  return tokens.length > 0 ? [...tokens].sort().join(" ") : undefined;
}

function staticClaims(text: string | undefined, correlationId: string): TokenRequest["claimsFromClient"] {
  const claims = parseClaims(text, "claimsFromClient", correlationId);
  return claims && text ? { text, claims } : undefined;
}

/**
 * Checks that a request was passed, before any of its fields is read.
 *
 * @throws ClientConfigurationError `token_request_empty`
 */
export function requireRequest(request: unknown): void {
  if (typeof request === "object" && request !== null) return;
  throw clientConfigurationError(
    "token_request_empty",
    "The request is missing: pass an object with scopes.",
  );
}

/** Checks a required string field of a request. */
export function requiredText(value: unknown, field: string, remedy: string, correlationId: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw clientConfigurationError("token_request_empty", `${field} is missing: ${remedy}`, { correlationId });
}

function checkedTimeout(value: unknown, correlationId: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "number" && Number.isFinite(value) && value > 0) return value;
  throw clientConfigurationError(
    "invalid_option",
    `timeoutMs is ${typeof value === "number" ? String(value) : JSON.stringify(value)}: pass a positive number of milliseconds.`,
    { correlationId },
  );
}
