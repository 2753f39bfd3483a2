import type { IdentityToken } from "./identity-tokens.js";

/** The response of the Instance Metadata Service, in which every value is a string. */
export function tokenFields(
  { accessToken, identity, resource, issuedAt, expiresAt }: IdentityToken,
  now: number,
) {
  const lifetime = String(expiresAt - now);
  return {
    access_token: accessToken,
    client_id: identity.clientId,
    expires_in: lifetime,
    expires_on: String(expiresAt),
    ext_expires_in: lifetime,
    not_before: String(issuedAt),
    resource,
    token_type: "Bearer",
  };
}
