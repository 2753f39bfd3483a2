import type { KeyObject } from "node:crypto";
import type { ProviderMetadata } from "../authority/authority.js";
import type { TimeAt } from "../http/hosts.js";
import { newGuid } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { Parameters } from "../request/parameters.js";
import { checkStrength, readPrivateKey } from "./private-key.js";

/** The key that signs authorization requests, as applications configure it. */
export interface RequestObjectKey {
  /** Private key, PEM: RSA, elliptic curve or Ed25519. */
  readonly privateKey: string;
  /** Key ID, as in the client's registered key set. */
  readonly kid?: string | undefined;
}

/** How authorization requests reach the provider. */
export interface AuthorizationRequestOptions {
  /** Push every request, even if the provider does not require it (`require_pushed_authorization_requests`). */
  readonly isPushed?: boolean | undefined;
  /** Signs every request. */
  readonly key?: RequestObjectKey | undefined;
  /** `request_object_signing_alg` of the client's registration; by default one that the provider lists. */
  readonly algorithm?: string | undefined;
}

/** Signs the parameters of an authorization request as a request object (RFC 9101 §4). */
export type RequestObjectSigner = (parameters: Parameters, metadata: ProviderMetadata) => Promise<string>;

/** Seconds that a request object is valid: longer than a browser takes to deliver it. */
const LIFETIME = 600;

/** Parameters that are not strings in JSON (RFC 9101 §4, RFC 9396 §3, OpenID Connect Core §6.1). */
const JSON_PARAMETERS: ReadonlySet<string> = new Set(["authorization_details", "claims", "max_age"]);

/**
 * Reads the key once, and returns what signs with it.
 *
 * @throws ClientConfigurationError `invalid_option` for a key that cannot be read, or does not fit the algorithm
 */
export function createRequestObjectSigner(
  { key: options, algorithm }: AuthorizationRequestOptions,
  { clientId, timeAt }: { readonly clientId: string; readonly timeAt: TimeAt },
): RequestObjectSigner | undefined {
  if (options === undefined) return undefined;
  const key = readPrivateKey(options, invalid);
  checkStrength(key, invalid);
  const fitting = algorithmsOf(key);
  if (algorithm !== undefined && !fitting.includes(algorithm)) {
    throw invalid(
      `cannot sign with request_object_signing_alg "${algorithm}": use ${fitting.join(", ") || "an RSA, elliptic-curve or Ed25519 key"}`,
    );
  }
  const [usual] = fitting;
  if (usual === undefined) throw invalid("is of an unknown type: use an RSA, elliptic-curve or Ed25519 key");
  const { kid } = options;
  return async (parameters, { issuer, ...metadata }) => {
    const { SignJWT } = await import("jose");
    const listed = metadata["request_object_signing_alg_values_supported"];
    const alg = algorithm ?? fitting.find((one) => Array.isArray(listed) && listed.includes(one)) ?? usual;
    const now = Math.floor(timeAt(issuer) / 1000);
    const times = { iat: now, nbf: now, exp: now + LIFETIME };
    const claims = { ...claimsOf(parameters), iss: clientId, aud: issuer, ...times, jti: newGuid() };
    const header = { alg, typ: "oauth-authz-req+jwt", ...(kid ? { kid } : {}) };
    return new SignJWT(claims).setProtectedHeader(header).sign(key);
  };
}

function claimsOf(parameters: Parameters): Record<string, unknown> {
  return Object.fromEntries(
    parameters.entries().map(([name, values]) => {
      const [value = "", ...more] = values;
      if (more.length > 0) return [name, values];
      return [name, JSON_PARAMETERS.has(name) ? (JSON.parse(value) as unknown) : value];
    }),
  );
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

/** The algorithms that a key can sign with, the preferred one first. */
function algorithmsOf({
  asymmetricKeyType: type,
  asymmetricKeyDetails: details,
}: KeyObject): readonly string[] {
  if (type === "rsa") return ["PS256", "RS256", "PS384", "PS512", "RS384", "RS512"];
  if (type === "ed25519") return ["EdDSA", "Ed25519"];
  const curve = type === "ec" ? CURVES[details?.namedCurve ?? ""] : undefined;
  return curve === undefined ? [] : [curve];
}

function invalid(what: string): Error {
  return clientConfigurationError("invalid_option", `auth.requestObjectKey ${what}.`);
}
