import { clientConfigurationError } from "../errors/errors.js";
import { JWT_MODES } from "./jwt-response.js";

/** What an authorization response may bring. */
export type ResponseType = "code" | "code id_token" | "id_token";

const RESPONSE_TYPES: ReadonlySet<string> = new Set<ResponseType>(["code", "code id_token", "id_token"]);
const RESPONSE_MODES: ReadonlySet<string> = new Set(["query", "fragment", "form_post", ...JWT_MODES]);

/** Where and how the response is to come. */
export interface ExpectedResponse {
  readonly redirectUri: string;
  readonly responseType: string;
  readonly responseMode: string;
}

/** How the answer is to come: an ID token must not stand in a query (OAuth 2.0 Multiple Response Types §5). */
export function checkedResponse(
  { responseType, responseMode }: { readonly responseType?: string; readonly responseMode?: string },
  correlationId: string,
): Omit<ExpectedResponse, "redirectUri"> {
  const type: string = responseType || "code";
  if (!RESPONSE_TYPES.has(type)) {
    const types = [...RESPONSE_TYPES].join(", ");
    const reason = / token|^token/.test(type)
      ? " would send an access token through the browser (RFC 9700, section 2.1.2)"
      : "";
    throw clientConfigurationError(
      "invalid_option",
      `responseType is "${type}"${reason}: use one of ${types}.`,
      { correlationId },
    );
  }
  const bringsIdToken = type !== "code";
  const mode = responseMode || (bringsIdToken ? "form_post" : "query");
  const isInQuery = mode === "query" || mode === "query.jwt";
  if (RESPONSE_MODES.has(mode) && !(bringsIdToken && isInQuery))
    return { responseType: type, responseMode: mode };
  throw clientConfigurationError(
    "invalid_response_mode",
    bringsIdToken
      ? `responseMode "${mode}" cannot bring the ID token of ${type}: use form_post or form_post.jwt.`
      : `responseMode "${mode}" is not supported: use ${[...RESPONSE_MODES].join(", ")}.`,
    { correlationId },
  );
}
