import type { FederatedCredential, KeySet } from "../config/config.js";
import { refuse } from "../errors/errors.js";
import { loadJose, publicJwk, type KeyChoice } from "../crypto/jwt.js";
import { getJson } from "./get-json.js";
import type { AuthorityState } from "../state.js";

/**
 * Returns the keys of a federated credential's issuer: configured keys, this authority's own, or those that an issuer
 * on this machine publishes (OpenID Connect Discovery §4). They are fetched every time, so key rotation takes effect
 * immediately.
 *
 * @throws {AadstsError} 501661 if the keys cannot be fetched
 */
export async function issuerKeys(
  state: AuthorityState,
  { issuer, jwks, jwksUri, ca }: FederatedCredential,
): Promise<KeyChoice> {
  if (jwks !== undefined) return localKeys(jwks);
  if (issuer === undefined) return localKeys({ keys: [await publicJwk()] });
  const trusted = [state.caPem, ca ?? ""].filter((pem) => pem !== "");
  try {
    return await localKeys(await getJson(jwksUri ?? (await discover(issuer, trusted)), trusted));
  } catch {
    throw refuse(501661, { issuer });
  }
}

/** Selects from a configured key set (RFC 7517 §5). */
export async function localKeys(jwks: KeySet): Promise<KeyChoice> {
  const { createLocalJWKSet } = await loadJose();
  return createLocalJWKSet({ keys: jwks.keys.map((key) => ({ ...key })) });
}

async function discover(issuer: string, trusted: readonly string[]): Promise<string> {
  const document = await getJson<Record<string, unknown>>(
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    trusted,
  );
  // OpenID Connect Discovery §4.3
  if (document["issuer"] !== issuer)
    throw new Error(`The document of ${issuer} names the issuer ${String(document["issuer"])}`);
  return String(document["jwks_uri"]);
}
