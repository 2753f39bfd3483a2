import type { JSONWebKeySet } from "jose";
import type { FederatedCredential, KeySet } from "../config.js";
import { refuse } from "../errors.js";
import { loadJose, publicJwk, type KeyChoice } from "../jwt.js";
import { getJson } from "../loopback.js";
import type { AuthorityState } from "../state.js";

/**
 * The keys of the issuer of a federated credential: those in the configuration, this authority's own, or those that the
 * issuer publishes on this machine (OpenID Connect Discovery §4). Fetched every time, so that a rotation shows at once.
 *
 * @throws {AadstsError} 501661 when they cannot be had
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

/** RFC 7517 §5 */
export async function localKeys(jwks: KeySet): Promise<KeyChoice> {
  const { createLocalJWKSet } = await loadJose();
  return createLocalJWKSet(jwks as unknown as JSONWebKeySet);
}

async function discover(issuer: string, trusted: readonly string[]): Promise<string> {
  const document = await getJson<Record<string, unknown>>(
    `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
    trusted,
  );
  // OpenID Connect Discovery §4.3
  if (document["issuer"] !== issuer) throw new Error(`${issuer} calls itself ${String(document["issuer"])}`);
  return String(document["jwks_uri"]);
}
