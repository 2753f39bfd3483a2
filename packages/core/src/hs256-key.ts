import { clientConfigurationError } from "./errors/errors.js";

/** Bytes of a SHA-256. */
const SHORTEST_KEY = 32;

/**
 * A client's secret as the key of HS256 (RFC 7518 §3.2). Anyone who sees one signature can search for a shorter key
 * without asking the provider.
 *
 * @throws ClientConfigurationError `invalid_option` for a secret shorter than the hash
 */
export function hs256Key(secret: string): Uint8Array {
  const key = new TextEncoder().encode(secret);
  if (key.length >= SHORTEST_KEY) return key;
  throw clientConfigurationError(
    "invalid_option",
    `auth.clientSecret is shorter than ${SHORTEST_KEY} bytes, which HS256 needs (RFC 7518, section 3.2): have the provider issue a longer one, or register the client with RS256.`,
  );
}
