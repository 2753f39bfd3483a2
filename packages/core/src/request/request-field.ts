import { sha256Base64Url } from "../encoding.js";

/**
 * How a field of a public request affects the identity provider, the cache, and concurrent calls. Cache keys and
 * flight keys are generated from this table (`request-keys.ts`): a field that changes what a token is for is part of
 * both.
 */
export interface RequestField {
  /** The requests that carry the field. */
  readonly sent: readonly Carrier[];
  /** Its part of an access token's cache key, or the reason why it has none. */
  readonly cacheKey: CachePart | Reason;
  /** Its part of the key under which equal calls share one request, or the reason why it has none. */
  readonly flightKey: FlightPart | Reason;
}

/** A request that the library sends, or a URL that it builds. */
export type Carrier =
  | (typeof EVERY_GRANT)[number]
  | "authorize"
  | "device_authorization"
  | "end_session"
  | "introspection"
  | "revocation"
  | "user_info";

/** A part of the cache key: a field of the cached entity, or a named component in addition to those fields. */
export type CachePart =
  | { readonly entity: "environment" | "partition" | "realm" | "scheme" | "target" | "resource" }
  | { readonly component: string; readonly of: (value: unknown) => string | undefined };

/** Reduces a value to the part that must be equal in equal calls. */
export type FlightPart = (value: unknown) => unknown;

type Reason = string;

/**
 * Every grant sent to the token endpoint. `agent` is the one for the token that an agent is asked for; `silent` refreshes
 * the tokens of a cached user.
 */
export const EVERY_GRANT = [
  "agent",
  "authorization_code",
  "backchannel_authentication",
  "client_credentials",
  "device_code",
  "integrated_windows",
  "on_behalf_of",
  "password",
  "refresh_token",
  "silent",
  "token_exchange",
  "user_fic",
] as const;

/**
 * Extra parameters that affect the sign-in prompt but not the token: a silent call without them finds the tokens of a
 * sign-in that had them.
 */
const HINTS: ReadonlySet<string> = new Set(["display", "domain_hint", "login_hint", "prompt", "ui_locales"]);

export const whole: FlightPart = (value) => value;
export const presence: FlightPart = Boolean;
export const sorted: FlightPart = (value) =>
  Array.isArray(value) ? [...(value as unknown[])].sort() : value;

/** One value, or several in any order. */
export const alone: FlightPart = (value) =>
  Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : sorted(value);

/** Identifies the user, within a tenant and an issuer. */
export const user: FlightPart = (value) => {
  const account = (value ?? {}) as Readonly<Record<string, unknown>>;
  const { homeAccountId, environment, tenantId, localAccountId, nativeAccountId } = account;
  const { iss } = (account["idTokenClaims"] ?? {}) as { readonly iss?: unknown };
  // An account from another library may name its issuer only in its ID token.
  const provider = [environment, account["authorityType"], iss ?? account["idToken"]];
  return [homeAccountId, tenantId, localAccountId, nativeAccountId, ...provider];
};

/** An object id and a user name are the same in capitals. */
export const anyCase: FlightPart = (value) => {
  const { objectId, username } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return [objectId, username].map((text) => (typeof text === "string" ? text.toLowerCase() : text));
};

export const component = (name: string, of: (value: unknown) => string | undefined = text): CachePart => ({
  component: name,
  of,
});

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Sorted and joined, as sent (see `token-request.ts`). */
export function joined(value: unknown): string | undefined {
  return Array.isArray(value) && value.length > 0 ? [...(value as unknown[])].sort().join(" ") : undefined;
}

/** Empty claims do not distinguish tokens. */
export function claimsText(value: unknown): string | undefined {
  const claims = text(value);
  return claims && Object.keys(JSON.parse(claims) as object).length > 0 ? claims : undefined;
}

/** A digest, because the app may send values that must not be cached in the clear. */
export function digest(value: unknown): string | undefined {
  const entries = Object.entries((value ?? {}) as Readonly<Record<string, unknown>>)
    .filter(([name, one]) => one !== undefined && one !== null && one !== "" && !HINTS.has(name))
    .map(([name, one]) => [name, Array.isArray(one) ? one.map(String) : String(one)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length > 0 ? sha256Base64Url(JSON.stringify(entries)) : undefined;
}
