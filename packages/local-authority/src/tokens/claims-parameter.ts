import { refuse } from "../errors/errors.js";

/** The parts of the `claims` parameter (OpenID Connect Core §5.5) that this authority supports. */
export interface RequestedClaims {
  /** Names of the claims requested for the ID token. */
  readonly idToken: readonly string[];
  /** Client capabilities (`CP1`), which Entra copies into the access token. */
  readonly clientCapabilities: readonly string[];
}

/** Parses the `claims` parameter. @throws {AadstsError} 9002313 if it is not a JSON object */
export function readClaims(text: string | undefined): RequestedClaims {
  if (!text) return { idToken: [], clientCapabilities: [] };
  const claims = parseObject(text);
  const capabilities = member(member(claims, "access_token"), "xms_cc")["values"];
  return {
    idToken: Object.keys(member(claims, "id_token")),
    clientCapabilities: Array.isArray(capabilities) ? capabilities.map(String) : [],
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // rejected below, like JSON that is not an object
  }
  throw refuse(9002313);
}

function member(object: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = object[name];
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
