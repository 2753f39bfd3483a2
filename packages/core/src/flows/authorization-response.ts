import { clientAuthError } from "../errors/errors.js";
import { wrongType } from "../request/field-types.js";

/** Parameters of the authorization response, as they came to the redirect URI: anybody can send a browser there. */
export type AuthorizationResponse = Readonly<Record<string, unknown>>;

const REMEDY =
  "all parameters that came to the redirect URI, as an object (Express: request.query or request.body), a URLSearchParams or a URL";

/**
 * The parameters of an authorization response, in whichever form the app has them. A parameter that comes twice is a list,
 * which no check accepts (RFC 6749 §3.1).
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function responseParameters(response: unknown, correlationId: string): AuthorizationResponse {
  const parameters = kindOf(response) === "URL" ? (response as URL).searchParams : response;
  if (kindOf(parameters) === "URLSearchParams") return fromQuery(parameters as URLSearchParams);
  if (typeof parameters === "object" && parameters !== null && !Array.isArray(parameters))
    return { ...parameters };
  throw wrongType("response", response, REMEDY, correlationId);
}

function fromQuery(parameters: URLSearchParams): AuthorizationResponse {
  const names = [...new Set(parameters.keys())];
  return Object.fromEntries(
    names.map((name) => {
      const [value, ...more] = parameters.getAll(name);
      return [name, more.length > 0 ? [value, ...more] : value];
    }),
  );
}

/** The parameters of a response; others in the redirect URI are the app's own. */
const PARAMETERS = [
  ...["code", "state", "iss", "id_token", "access_token", "response"],
  ...["error", "error_description", "client_info"],
];

/**
 * Refuses a response in which a parameter comes twice (RFC 6749 §3.1): it is not clear which of them the provider sent.
 *
 * @throws ClientAuthError `invalid_authorization_response`
 */
export function refuseRepeated(response: AuthorizationResponse, correlationId: string): void {
  const repeated = PARAMETERS.find((name) => Array.isArray(response[name]));
  if (repeated === undefined) return;
  throw clientAuthError(
    "invalid_authorization_response",
    `The authorization response is refused: its parameter ${repeated} comes more than once.`,
    { correlationId },
  );
}

/** The name of a built-in class, in whichever realm the object was made. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
