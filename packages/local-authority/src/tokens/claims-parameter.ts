import { isObject, parsedObject, type JsonObject } from "../json.js";
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
  const claims = parsedObject(text);
  if (!claims) throw refuse(9002313);
  const capabilities = member(member(claims, "access_token"), "xms_cc")["values"];
  return {
    idToken: Object.keys(member(claims, "id_token")),
    clientCapabilities: Array.isArray(capabilities) ? capabilities.map(String) : [],
  };
}

function member(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isObject(value) ? value : {};
}
