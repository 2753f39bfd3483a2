import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";

/** Claims of an ID token (OpenID Connect Core §2, and Entra's own), typed as MSAL types them. */
export interface IdTokenClaims {
  iss?: string;
  sub?: string;
  /** Client id. A provider that names several audiences sends an array. */
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
  /** Key the token is bound to. */
  cnf?: { kid: string };
  x5c_ca?: string[];
  ts?: number;
  at?: string;
  u?: string;
  p?: string;
  m?: string;
}

/** Claims of an ID token, those nobody has named included. */
export type AllIdTokenClaims = IdTokenClaims & { [claim: string]: unknown };

/**
 * Reads the claims of an ID token without checking anything.
 *
 * @param idToken compact JWS
 * @throws ClientAuthError `null_or_empty_token`, `token_parsing_error`
 */
export function decodeIdToken(idToken: string, correlationId = ""): AllIdTokenClaims {
  if (!idToken) {
    throw clientAuthError("null_or_empty_token", "id_token is empty: the identity provider sent none.", {
      correlationId,
    });
  }
  const parts = idToken.split(".");
  const claims = parts.length === 3 ? parseJsonObject(base64Decode(parts[1] ?? "")) : undefined;
  if (!claims) {
    throw clientAuthError(
      "token_parsing_error",
      "id_token is not a signed JWT (three base64url parts, the second a JSON object).",
      { correlationId },
    );
  }
  return claims;
}

/**
 * The tenant an ID token speaks of: `tid`, or for Entra and B2C the policy, or `""`. Other providers use `acr` for
 * what it is for (how the user signed in), so there it is no tenant.
 */
export function tenantOf(claims: IdTokenClaims | undefined, generic: boolean): string {
  return claims?.tid || (generic ? "" : claims?.tfp || claims?.acr) || "";
}

/** Whether the user chose to stay signed in. */
export function isKmsi(claims: IdTokenClaims): boolean {
  const states = Array.isArray(claims.signin_state) ? claims.signin_state : [];
  return states.some((state) => typeof state === "string" && /^(kmsi|dvc_dmjd)$/i.test(state.trim()));
}
