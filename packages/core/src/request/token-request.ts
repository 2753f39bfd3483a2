import { newCorrelationId } from "../correlation-id.js";
import { withoutNull } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import { shownUrl } from "../http/secure-url.js";
import { printable } from "../printable.js";
import { parseClaims } from "./claims.js";
import { componentsOf, type Components, type GivenRequest } from "./request-keys.js";
import { checkedResource } from "./resource.js";
import { requestedScopes } from "./scopes.js";

/** The fields every request object of the public API may carry. */
export interface BaseRequest {
  /** Scopes to ask for. */
  scopes?: readonly string[];
  /** Authority URL for this request; the application's otherwise. */
  authority?: string;
  /** GUID that marks this request in logs here and at the server. */
  correlationId?: string;
  /** Claims challenge (JSON text): bypasses the cache. */
  claims?: string;
  /** Static claims of the client (JSON text): part of the cache key, so use few distinct values. */
  claimsFromClient?: string;
  /** Extra parameters for the query of the token request. */
  extraQueryParameters?: Record<string, string>;
  /** Extra parameters for the body of the token request. */
  extraParameters?: Record<string, string>;
  /** Which tokens of the answer are kept in the cache; all by default. */
  storeInCache?: StoreInCache;
  /** Resource indicator (RFC 8707): an absolute URI without a fragment, or several of them. */
  resource?: string | string[];
  /**
   * Kind of token: `Bearer`. The others bind a token to a key, which only the operating system's broker has: without one
   * they are refused with `unsupported_authentication_scheme`.
   */
  authenticationScheme?: AuthenticationScheme;
  /** Assertions of attribute authorities to send along; tokens with them are kept apart from those without. */
  attributeTokens?: string[];
  /** Ends the call early. */
  signal?: AbortSignal;
  /** Milliseconds until the call is given up. */
  timeoutMs?: number;
}

/** How a token is presented: as it is, or bound to a key. */
export type AuthenticationScheme = "Bearer" | "pop" | "DPoP" | "ssh-cert";

/** Which tokens of an answer are kept; what is not `false` is kept. */
export interface StoreInCache {
  accessToken?: boolean;
  idToken?: boolean;
  refreshToken?: boolean;
}

/** A request whose fields have been checked. */
export interface TokenRequest<R extends BaseRequest = BaseRequest> {
  readonly scopes: readonly string[];
  readonly authorityUrl: string;
  /** True when the request itself named the authority. */
  readonly authorityIsExplicit: boolean;
  readonly correlationId: string;
  readonly claims: Record<string, unknown> | undefined;
  /** Static claims, as text for the cache key and parsed for the request. */
  readonly claimsFromClient: { readonly text: string; readonly claims: Record<string, unknown> } | undefined;
  readonly extraQueryParameters: Readonly<Record<string, string>> | undefined;
  readonly extraParameters: Readonly<Record<string, string>> | undefined;
  readonly storeInCache: StoreInCache | undefined;
  /** Checked, as one text; {@link resourcesIn} takes it apart. */
  readonly resource: string | undefined;
  /** Attribute tokens, sorted and joined, as they are sent and as they tell tokens apart. */
  readonly attributeTokens: string | undefined;
  /** What the token is bound to beside its scopes. */
  readonly components: Components | undefined;
  /** The caller's request, with the fields that only one flow has: a copy without `null`, which the caller cannot change. */
  readonly given: Readonly<R> & GivenRequest;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
}

/**
 * Checks the fields that all requests share.
 *
 * @param client whose authority is used when the request names none
 * @param input what the caller passed; `null` counts as absent
 * @param needsScope whether the flow needs a scope
 * @throws ClientConfigurationError naming the field
 */
export function tokenRequest<R extends BaseRequest>(
  { defaultAuthority }: { readonly defaultAuthority: string },
  input: R,
  needsScope = false,
): TokenRequest<R> {
  requireRequest(input);
  const given = copied(input);
  const request: BaseRequest = given;
  const correlationId = callerCorrelationId(request.correlationId) || newCorrelationId();
  requireBearer(request.authenticationScheme, correlationId);
  return {
    scopes: requestedScopes(request.scopes, needsScope, correlationId),
    authorityUrl: request.authority || defaultAuthority,
    authorityIsExplicit: Boolean(request.authority),
    correlationId,
    claims: parseClaims(request.claims, "claims", correlationId),
    claimsFromClient: staticClaims(request.claimsFromClient, correlationId),
    extraQueryParameters: request.extraQueryParameters,
    extraParameters: request.extraParameters,
    storeInCache: request.storeInCache,
    resource: checkedResource(request.resource, correlationId),
    attributeTokens: serializedTokens(request.attributeTokens, correlationId),
    components: componentsOf(given),
    given,
    signal: request.signal,
    timeoutMs: checkedTimeout(request.timeoutMs, correlationId),
  };
}

/**
 * A copy: what the caller changes while the call waits must not part what is sent from what it is kept as. V8 copies whole
 * objects in no time; to add a field to the copy takes it a microsecond.
 */
function copied<R extends BaseRequest>(input: R): Readonly<R> & GivenRequest {
  const copy: BaseRequest = { ...withoutNull(input) };
  const { extraParameters, extraQueryParameters, resource } = copy;
  if (Array.isArray(resource)) copy.resource = [...resource];
  if (extraParameters) copy.extraParameters = { ...extraParameters };
  if (extraQueryParameters) copy.extraQueryParameters = { ...extraQueryParameters };
  return copy as Readonly<R> & GivenRequest;
}

/** An app may take it from a request of its own: it reaches logs, errors, and headers of an app's HTTP client. */
function callerCorrelationId(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string") return printable(value);
  throw clientConfigurationError(
    "invalid_option",
    `correlationId is a ${typeof value}: pass a GUID as a string, or leave it out.`,
  );
}

/** Whoever asks for a bound token must not get one that anybody can use. */
function requireBearer(scheme: string | undefined, correlationId: string): void {
  if (!scheme || scheme.toLowerCase() === "bearer") return;
  throw clientConfigurationError(
    "unsupported_authentication_scheme",
    `authenticationScheme "${scheme}" binds the token to a key, which only a broker has: use one (broker.nativeBrokerPlugin), or ask for Bearer.`,
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
 * Checks that there is a request at all, before anything is read from it.
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

/** Checks a required text field of a request. */
export function requiredText(value: unknown, field: string, remedy: string, correlationId: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw clientConfigurationError("token_request_empty", `${field} is missing: ${remedy}`, { correlationId });
}

/** Schemes that name no place to return to, but a program or a file to open. */
const RUNS_IN_BROWSER: ReadonlySet<string> = new Set(["javascript:", "data:", "vbscript:", "blob:", "file:"]);

/**
 * Checks a redirect URI (RFC 6749 §3.1.2): absolute, without fragment. Custom schemes are allowed (RFC 8252 §7.1).
 *
 * @throws ClientConfigurationError `redirect_uri_empty`, `url_parse_error`
 */
export function checkedRedirectUri(value: unknown, correlationId: string, field = "redirectUri"): string {
  if (typeof value !== "string" || value === "") {
    throw clientConfigurationError(
      "redirect_uri_empty",
      `${field} is missing: pass one of the redirect URIs registered for the app.`,
      { correlationId },
    );
  }
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || RUNS_IN_BROWSER.has(url.protocol) || url.hash !== "" || value.includes("#")) {
    throw clientConfigurationError(
      "url_parse_error",
      `${field} "${shownUrl(value)}" is not an absolute URL of a page or an app, without a fragment: pass it exactly as it is registered.`,
      { correlationId },
    );
  }
  return value;
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
