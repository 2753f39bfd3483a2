/** `token_endpoint_auth_method` values (RFC 7591 §2, RFC 8705 §2), by the kind of credential. */
export const AUTH_METHODS = {
  secret: ["client_secret_post", "client_secret_basic", "client_secret_jwt"],
  certificate: ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"],
  assertion: ["private_key_jwt"],
  none: ["none"],
} as const;
/** One of {@link AUTH_METHODS}. */
export type AuthMethod = (typeof AUTH_METHODS)[keyof typeof AUTH_METHODS][number];
