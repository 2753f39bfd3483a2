import type { Caller } from "./caller.js";
import type { Refusal } from "./refusal.js";

/** What an operation demands of its caller, beside a token for the API. */
export interface Demands {
  /** What a user must have let the client do: all of these. */
  readonly scopes?: readonly string[] | undefined;
  /**
   * What an app that calls for itself must be allowed to do: one of these. Without `scopes`, a user must have one of them
   * as well.
   */
  readonly roles?: readonly string[] | undefined;
  /** Roles of which a user must have one, in addition to the scopes. */
  readonly userRoles?: readonly string[] | undefined;
  /** Ways to sign in of which the user must have used one: `acr` values, or Entra's authentication contexts (`c1`). */
  readonly acrs?: readonly string[] | undefined;
  /** How long ago the user may have signed in, in seconds. */
  readonly maxAge?: number | undefined;
}

/** How the provider names what is demanded. */
export interface Names {
  /** The audiences of the API, which a scope may have as a prefix. */
  readonly audiences: readonly string[];
  /** What clients write in front of a scope when they ask for it, as Entra needs it; `""` for nothing. */
  readonly prefix: string;
  /** Whether clients take part in Entra's claims challenges. */
  readonly takesClaims: boolean;
}

/** Returns scopes as clients ask for them; nothing if there are none. */
export function askedScopes(scopes: readonly string[] | undefined, { prefix }: Names): string | undefined {
  if (!scopes || scopes.length === 0) return undefined;
  return scopes.map((scope) => (scope.includes("/") ? scope : prefix + scope)).join(" ");
}

/** Returns why a caller may not do what it wants to, if so. */
export function unmetDemand(
  caller: Caller,
  { scopes, roles, userRoles, acrs, maxAge }: Demands,
  names: Names,
  now: number,
): Refusal | undefined {
  const lacks =
    caller.kind === "app"
      ? lackOfApp(caller, { scopes, roles, userRoles }, names)
      : lackOfUser(caller, { scopes, roles, userRoles }, names);
  if (lacks) return lacks;
  if (acrs && !hasSignedInWith(caller, acrs)) return notSignedInWith(acrs, names);
  return maxAge !== undefined && !hasSignedInSince(caller, now - maxAge)
    ? notSignedInSince(maxAge)
    : undefined;
}

function lackOfUser(
  caller: Caller,
  { scopes, roles, userRoles }: Demands,
  names: Names,
): Refusal | undefined {
  if (scopes && !hasScopes(caller, scopes, names)) return insufficient(caller, askedScopes(scopes, names));
  if (roles && !scopes && !hasOneOf(caller.roles, roles)) return insufficient(caller, undefined);
  return userRoles && !hasOneOf(caller.roles, userRoles) ? insufficient(caller, undefined) : undefined;
}

/** What nobody has granted to an app must not be open to any app of the tenant. */
function lackOfApp(caller: Caller, { scopes, roles, userRoles }: Demands, names: Names): Refusal | undefined {
  const isAllowed = roles
    ? hasOneOf(caller.roles, roles)
    : scopes
      ? scopes.length > 0 && hasScopes(caller, scopes, names)
      : !userRoles && (caller.roles.length > 0 || caller.scopes.length > 0);
  return isAllowed ? undefined : insufficient(caller, undefined);
}

function hasScopes({ scopes: granted }: Caller, scopes: readonly string[], names: Names): boolean {
  return scopes.every((scope) => granted.includes(scope) || granted.includes(withoutAudience(scope, names)));
}

/** Entra's tokens have scopes without the API in front of them. */
function withoutAudience(scope: string, { audiences }: Names): string {
  const audience = audiences.find((one) => scope.startsWith(`${one}/`));
  return audience === undefined ? scope : scope.slice(audience.length + 1);
}

function hasOneOf(granted: readonly string[], wanted: readonly string[]): boolean {
  return wanted.some((one) => granted.includes(one));
}

function hasSignedInWith({ claims: { acr, acrs } }: Caller, wanted: readonly string[]): boolean {
  const used: readonly unknown[] = [acr, ...(Array.isArray(acrs) ? (acrs as unknown[]) : [acrs])];
  return wanted.some((one) => used.includes(one));
}

function hasSignedInSince({ claims: { auth_time: at } }: Caller, since: number): boolean {
  return typeof at === "number" && at >= since;
}

/** RFC 6750 §3.1. */
function insufficient({ kind, clientId }: Caller, scope: string | undefined): Refusal {
  return {
    status: 403,
    error: "insufficient_scope",
    description: `The ${kind} may not do this`,
    reason: `The token of the ${kind}, for the client ${clientId ?? "without a name"}, lacks ${scope ?? "a role"}.`,
    ...(scope === undefined ? {} : { parameters: { scope } }),
  };
}

/** RFC 9470 §3, and the claims that Entra issues a token with one of the contexts for. */
function notSignedInWith(acrs: readonly string[], { takesClaims }: Names): Refusal {
  const [first] = acrs;
  const value = acrs.length === 1 ? { value: first } : { values: acrs };
  return {
    ...notEnough,
    reason: `The token has none of acr ${acrs.join(", ")}.`,
    parameters: { acr_values: acrs.join(" ") },
    ...(takesClaims
      ? { claims: JSON.stringify({ access_token: { acrs: { essential: true, ...value } } }) }
      : {}),
  };
}

function notSignedInSince(maxAge: number): Refusal {
  return {
    ...notEnough,
    reason: `The user has not signed in within ${maxAge} seconds (auth_time).`,
    parameters: { max_age: String(maxAge) },
  };
}

const notEnough = {
  status: 401,
  error: "insufficient_user_authentication",
  description: "Another way to sign in is needed",
} as const;
