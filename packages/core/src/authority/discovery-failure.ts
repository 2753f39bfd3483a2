import { parseJsonObject } from "../encoding.js";
import { clientAuthError, type AuthError } from "../errors/errors.js";
import { isThrottled, statusOf } from "../http/throttle.js";
import type { HttpResponse } from "../http/http-client.js";
import type { Call } from "../http/transport.js";
import type { AuthorityKind, AuthorityUrl } from "./authority-url.js";

/** Maximum length of a provider's explanation, in characters; a longer one is not meant for people. */
const LONGEST_EXPLANATION = 500;

const OTHER_PROVIDER =
  "for an OpenID Provider that is not Microsoft's (Keycloak, Auth0, Okta), name its issuer as auth.oidcAuthority in place of auth.authority";

/** Remedies for a response without a discovery document. */
const REMEDIES: Readonly<Record<AuthorityKind, string>> = {
  entra: `check host and tenant of the authority; ${OTHER_PROVIDER}`,
  ciam: "check the name of the tenant in the authority",
  adfs: "check the authority: the host of the AD FS, and the path /adfs",
  oidc: "check the issuer: it is the URL in front of /.well-known/openid-configuration, in the provider's own spelling",
};

/**
 * Returns the error for a response that is not a discovery document, with the provider's explanation.
 *
 * @param document the URL of the request
 */
export function discoveryFailure(
  url: AuthorityUrl,
  document: string,
  response: HttpResponse,
  call: Call,
): AuthError {
  const said = explanation(response.body);
  const words = said ? `, and says ${JSON.stringify(said)}` : "";
  const remedy = isThrottled(response) ? "" : `: ${REMEDIES[url.kind]}`;
  return clientAuthError(
    "openid_config_error",
    `${document} returned ${statusOf(response)} without a discovery document${words}${remedy}.`,
    call,
  );
}

/** Returns the explanation of an error, from the fields of RFC 6749 §5.2 or other common ones. */
function explanation(body: string): string {
  const { error_description: description, error, message } = parseJsonObject(body) ?? {};
  const said = [description, error, message].find((one) => typeof one === "string" && one !== "");
  return typeof said === "string" ? said.slice(0, LONGEST_EXPLANATION) : "";
}
