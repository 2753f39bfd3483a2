import { clientConfigurationError } from "./errors/errors.js";

/** Minimum length of the key: that of a SHA-256, in bytes. */
const MIN_KEY_BYTES = 32;

/**
 * Converts a client secret to an HS256 key (RFC 7518 §3.2). A shorter key could be found offline from a single
 * signature.
 *
 * @throws ClientConfigurationError `invalid_option` for a secret shorter than the hash
 */
export function hs256Key(secret: string): Uint8Array {
  const key = new TextEncoder().encode(secret);
  if (key.length >= MIN_KEY_BYTES) return key;
  throw clientConfigurationError(
    "invalid_option",
    `auth.clientSecret is shorter than ${MIN_KEY_BYTES} bytes, which HS256 requires (RFC 7518, section 3.2): have the provider issue a longer one, or register the client with RS256.`,
  );
}
