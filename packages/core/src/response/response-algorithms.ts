/** The uses for which a client registers how its JWTs are protected: the first part of the metadata's names. */
export const JWT_USES = ["id_token", "userinfo", "introspection", "authorization"] as const;
/** One of {@link JWT_USES}. */
export type JwtUse = (typeof JWT_USES)[number];

/** Client metadata that names an algorithm. */
export type ResponseAlgorithm =
  `${JwtUse}_${"signed_response_alg" | "encrypted_response_alg" | "encrypted_response_enc"}`;

/**
 * How the provider signs and encrypts what it sends this client, with the names of the client's metadata: OpenID Connect
 * Registration §2, RFC 9701 §6, and JARM §3 for the authorization response.
 */
export type ResponseAlgorithms = { readonly [Name in ResponseAlgorithm]?: string | undefined };

/** Key management with the client's public key (RFC 7518 §4.1). RSA1_5 is not accepted: it is open to padding oracles. */
export const ENCRYPTION_ALGORITHMS = [
  "RSA-OAEP",
  "RSA-OAEP-256",
  "RSA-OAEP-384",
  "RSA-OAEP-512",
  "ECDH-ES",
  "ECDH-ES+A128KW",
  "ECDH-ES+A192KW",
  "ECDH-ES+A256KW",
] as const;

/** Encryption of the content (RFC 7518 §5.1). The first is the default of OpenID Connect Registration §2. */
export const CONTENT_ENCRYPTIONS = [
  "A128CBC-HS256",
  "A192CBC-HS384",
  "A256CBC-HS512",
  "A128GCM",
  "A192GCM",
  "A256GCM",
] as const;
