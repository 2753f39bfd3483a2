import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";

/** Claims of an ID token (OpenID Connect Core §2, and Entra's own), with MSAL's types. */
export interface IdTokenClaims {
  iss?: string;
  sub?: string;
  /** Client id; an array if the provider names several audiences. */
  aud?: string;
  exp?: number;
  iat?: number;
  nbf?: number;
  azp?: string;
  nonce?: string;
  auth_time?: number;
  amr?: string[];
  name?: string;
  preferred_username?: string;
  upn?: string;
  email?: string;
  emails?: string[];
  roles?: string[];
  idp?: string;
  ver?: string;
  /** Object id of the user in the tenant (Entra). */
  oid?: string;
  /** Object id of the user in the home tenant (Entra). */
  home_oid?: string;
  /** Tenant id (Entra). */
  tid?: string;
  /** Policy (B2C). */
  tfp?: string;
  acr?: string;
  login_hint?: string;
  sid?: string;
  signin_state?: string[];
  cloud_instance_host_name?: string;
  tenant_region_scope?: string;
  tenant_region_sub_scope?: string;
  /** The key that the token is bound to. */
  cnf?: { kid: string };
  x5c_ca?: string[];
  ts?: number;
  at?: string;
  u?: string;
  p?: string;
  m?: string;
}

/** Claims of an ID token, including any not listed in {@link IdTokenClaims}. */
export type AllIdTokenClaims = IdTokenClaims & { [claim: string]: unknown };

/** Claims of an ID token before their types have been checked. */
export type RawClaims = Readonly<Record<string, unknown>>;

/** Claims that the library uses, or returns to apps with a declared type, after the token has been verified. */
const TEXT_CLAIMS = [
  ...["iss", "sub", "oid", "tid", "tfp", "acr", "sid"],
  ...["name", "preferred_username", "upn", "login_hint"],
] as const satisfies readonly (keyof IdTokenClaims)[];

/**
 * Returns the claims without those whose type differs from {@link IdTokenClaims}. Users and administrators can set
 * claims at many providers, and one user's malformed claim must not fail a look-up across all users.
 */
export function typedClaims(raw: RawClaims): AllIdTokenClaims {
  if (hasTypedClaims(raw)) return raw;
  const wrong: string[] = TEXT_CLAIMS.filter((name) => !isAbsentOr(raw[name], isText));
  if (!isAbsentOr(raw["emails"], isTextList)) wrong.push("emails");
  return Object.fromEntries(Object.entries(raw).filter(([name]) => !wrong.includes(name)));
}

/** Allocates nothing, because a list of users does this for each. */
function hasTypedClaims(raw: RawClaims): boolean {
  for (const name of TEXT_CLAIMS) if (!isAbsentOr(raw[name], isText)) return false;
  return isAbsentOr(raw["emails"], isTextList);
}

function isAbsentOr(value: unknown, fits: (value: unknown) => boolean): boolean {
  return value === undefined || fits(value);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}

/**
 * Decodes the claims of an ID token without validating it; see {@link typedClaims}.
 *
 * @param idToken compact JWS
 * @throws ClientAuthError `null_or_empty_token`, `token_parsing_error`
 */
export function decodeIdToken(idToken: string, correlationId = ""): RawClaims {
  return decodeJwt(idToken, "id_token", correlationId);
}

/** Returns the JOSE header of a JWT. */
export function jwtHeader(jwt: string): Readonly<Record<string, unknown>> {
  return parseJsonObject(base64Decode(jwt.split(".", 1)[0] ?? "")) ?? {};
}

/**
 * Decodes the claims of a JWT without validating it.
 *
 * @param jwt compact JWS
 * @param name its name in messages
 * @throws ClientAuthError `null_or_empty_token`, `token_parsing_error`
 */
export function decodeJwt(jwt: string, name: string, correlationId: string): RawClaims {
  if (!jwt) {
    throw clientAuthError(
      "null_or_empty_token",
      `${name} is empty: the identity provider did not send one.`,
      {
        correlationId,
      },
    );
  }
  const start = jwt.indexOf(".") + 1;
  const end = jwt.indexOf(".", start);
  const hasThreeParts = start > 0 && end >= 0 && !jwt.includes(".", end + 1);
  const claims = hasThreeParts ? parseJsonObject(base64Decode(jwt.slice(start, end))) : undefined;
  if (!claims) {
    throw clientAuthError(
      "token_parsing_error",
      `${name} is not a signed JWT (three base64url parts, the second a JSON object).`,
      { correlationId },
    );
  }
  return claims;
}

/**
 * Returns the tenant of an ID token: `tid`, or the policy for Entra and B2C, or `""`. Other providers use `acr` as
 * specified (how the user signed in), so for them it does not name a tenant.
 */
export function tenantOf(claims: IdTokenClaims | undefined, generic: boolean): string {
  return claims?.tid || (generic ? "" : claims?.tfp || claims?.acr) || "";
}

/** Returns the user's sign-in name, if an ID token of Entra has one. */
export function nameIn({ preferred_username: preferred, upn }: IdTokenClaims): string | undefined {
  return preferred || upn;
}

/** Whether the user chose to stay signed in. */
export function isKmsi(claims: IdTokenClaims): boolean {
  const states = Array.isArray(claims.signin_state) ? claims.signin_state : [];
  return states.some((state) => typeof state === "string" && /^(kmsi|dvc_dmjd)$/i.test(state.trim()));
}
