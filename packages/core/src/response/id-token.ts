import { base64Decode, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";

/** Claims of an ID token (OpenID Connect Core §2, and Entra's own), typed as MSAL types them. */
export interface IdTokenClaims {
  readonly iss?: string;
  readonly sub?: string;
  /** Client id. A provider that names several audiences sends an array. */
  readonly aud?: string;
  readonly exp?: number;
  readonly iat?: number;
  readonly nbf?: number;
  readonly azp?: string;
  readonly nonce?: string;
  readonly auth_time?: number;
  readonly amr?: string[];
  readonly name?: string;
  readonly preferred_username?: string;
  readonly upn?: string;
  readonly email?: string;
  readonly emails?: string[];
  readonly roles?: string[];
  readonly idp?: string;
  readonly ver?: string;
  /** Object id of the user in the tenant (Entra). */
  readonly oid?: string;
  /** Object id of the user in the home tenant (Entra). */
  readonly home_oid?: string;
  /** Tenant id (Entra). */
  readonly tid?: string;
  /** Policy (B2C). */
  readonly tfp?: string;
  readonly acr?: string;
  readonly login_hint?: string;
  readonly sid?: string;
  readonly signin_state?: string[];
  readonly cloud_instance_host_name?: string;
  readonly tenant_region_scope?: string;
  readonly tenant_region_sub_scope?: string;
  readonly [claim: string]: unknown;
}

/**
 * Reads the claims of an ID token without checking anything.
 *
 * @param idToken compact JWS
 * @throws ClientAuthError `null_or_empty_token`, `token_parsing_error`
 */
export function decodeIdToken(idToken: string, correlationId = ""): IdTokenClaims {
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
