import { isObject, parseJsonObject } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";

type Claims = Readonly<Record<string, unknown>>;

/**
 * Checks a `claims` request parameter (OpenID Connect Core §5.5).
 *
 * @param claims JSON object as a string, if any
 * @param field name of the request field, for the message
 * @throws ClientConfigurationError `invalid_claims`
 */
export function parseClaims(
  claims: string | undefined,
  field: string,
  correlationId = "",
): Claims | undefined {
  if (claims === undefined || claims === "") return undefined;
  const parsed = typeof claims === "string" ? parseJsonObject(claims) : undefined;
  if (!parsed) {
    throw clientConfigurationError(
      "invalid_claims",
      `${field} is not a string holding a JSON object: pass the claims challenge exactly as received, decoded, such as {"access_token":{...}}.`,
      { correlationId },
    );
  }
  return Object.keys(parsed).length > 0 ? parsed : undefined;
}

/** The claims that {@link mergeClaims} merges. */
export interface ClaimsSources {
  /** Claims challenge from a resource or the token endpoint. */
  readonly claims?: Claims | undefined;
  /** Static claims of the client. */
  readonly claimsFromClient?: Claims | undefined;
  /** Client capabilities such as `CP1`. */
  readonly capabilities?: readonly string[] | undefined;
  /** ID token claims to request, unless the caller requests the same claim differently. */
  readonly idTokenDefaults?: Claims | undefined;
}

/** Returns the `claims` parameter to send, or `undefined` when no claims are requested. */
export function mergeClaims(sources: ClaimsSources): string | undefined {
  const { claims, claimsFromClient, capabilities, idTokenDefaults } = sources;
  let merged: Claims = {};
  if (claimsFromClient) merged = deepMerge(merged, claimsFromClient);
  if (claims) merged = deepMerge(merged, claims);
  if (capabilities && capabilities.length > 0) {
    merged = deepMerge(merged, { access_token: { xms_cc: { values: [...capabilities] } } });
  }
  if (idTokenDefaults) {
    const idToken = isObject(merged["id_token"]) ? merged["id_token"] : {};
    merged = { ...merged, id_token: { ...idTokenDefaults, ...idToken } };
  }
  return Object.keys(merged).length > 0 ? JSON.stringify(merged) : undefined;
}

function deepMerge(base: Claims, over: Claims): Claims {
  const merged: Claims = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    Object.defineProperty(merged, key, {
      value: isObject(below) && isObject(value) ? deepMerge(below, value) : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return merged;
}
