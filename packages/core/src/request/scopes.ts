import { clientConfigurationError } from "../errors/errors.js";

/** The scopes that bring an ID token and a refresh token: those that a user flow adds, as far as the provider has them. */
export const OIDC_SCOPES: readonly string[] = ["openid", "profile", "offline_access"];

/** Scopes that do not name a resource, and so do not distinguish access tokens. */
const RESOURCELESS_SCOPES: ReadonlySet<string> = new Set([...OIDC_SCOPES, "email"]);

/**
 * Returns the caller's scopes in the order given, trimmed, without empty or repeated ones.
 *
 * @param scopes the caller's scopes, not yet checked
 * @param needed whether the flow needs at least one scope
 * @throws ClientConfigurationError `empty_input_scopes_error`
 */
export function requestedScopes(scopes: unknown, needed: boolean, correlationId = ""): readonly string[] {
  if (scopes === undefined || scopes === null) {
    if (!needed) return [];
    throw invalidScopes("scopes is missing", correlationId);
  }
  if (!Array.isArray(scopes))
    throw invalidScopes(`scopes is a ${typeof scopes}, not an array`, correlationId);
  const [first] = scopes as unknown[];
  // One scope is what most calls pass.
  if (scopes.length === 1 && typeof first === "string") {
    const only = first.trim();
    if (only) return [only];
  }
  const named: string[] = [];
  for (const scope of scopes as unknown[]) {
    if (typeof scope !== "string") throw invalidScopes(`scopes holds a ${typeof scope}`, correlationId);
    const trimmed = scope.trim();
    if (trimmed && !named.includes(trimmed)) named.push(trimmed);
  }
  if (needed && named.length === 0) throw invalidScopes("scopes is empty", correlationId);
  return named;
}

/** Whether the scopes request only a sign-in, and no API. */
export function isSignInOnly(scopes: readonly string[]): boolean {
  return scopes.every((scope) => RESOURCELESS_SCOPES.has(scope.toLowerCase()));
}

/** Returns the caller's scopes, then those of the added ones that are missing, without those to leave out. */
export function withScopes(
  scopes: readonly string[],
  added: readonly string[],
  left: readonly string[],
): readonly string[] {
  const all = [...scopes, ...added.filter((scope) => !scopes.includes(scope))];
  return left.length > 0 ? all.filter((scope) => !left.includes(scope)) : all;
}

const NONE: readonly string[] = [];

/**
 * Checks the scopes to leave out.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedExclusion(scopes: unknown, field: string, correlationId = ""): readonly string[] {
  if (scopes === undefined || scopes === null) return NONE;
  if (Array.isArray(scopes) && scopes.every((scope): scope is string => typeof scope === "string"))
    return scopes.map((scope) => scope.trim());
  throw clientConfigurationError(
    "invalid_option",
    `${field} is not an array of strings: pass the scopes to leave out, such as ["offline_access"].`,
    { correlationId },
  );
}

/** Returns the scopes without {@link OIDC_SCOPES}, as the client credentials grant sends them. */
export function withoutOidcScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => !OIDC_SCOPES.includes(scope));
}

/**
 * Returns the scopes to look for in the cache, in lower case: those that name a resource, or, when only OIDC scopes
 * are requested, all but `offline_access` (no access token ever carries it). An empty request looks for `openid
 * profile`, so that it does not match an arbitrary token.
 */
export function searchScopes(scopes: readonly string[]): readonly string[] {
  const lower = scopes.map((scope) => scope.toLowerCase());
  const resource = lower.filter((scope) => !RESOURCELESS_SCOPES.has(scope));
  if (resource.length > 0) return resource;
  const identity = lower.filter((scope) => scope !== "offline_access");
  return identity.length > 0 ? identity : ["openid", "profile"];
}

/** Returns the requested scopes in a canonical form, independent of order, case and repetition. */
export function questionOf(scopes: readonly string[]): string {
  return [...new Set(searchScopes(scopes))].sort().join(" ");
}

/** Splits a space-separated scope string (RFC 6749 §3.3). */
export function splitScopes(scope: string): string[] {
  return scope.split(" ").filter((part) => part !== "");
}

function invalidScopes(what: string, correlationId: string): Error {
  return clientConfigurationError(
    "empty_input_scopes_error",
    `${what}: pass an array of scope names, such as ["User.Read"] or ["https://graph.microsoft.com/.default"].`,
    { correlationId },
  );
}
