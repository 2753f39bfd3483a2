import type { AuthorityUrl } from "../../authority/authority-url.js";
import { clientConfigurationError } from "../../errors/errors.js";
import { isPrivateHost } from "../../http/private-host.js";
import { secureEndpoint } from "../../http/secure-url.js";

/**
 * Checks a URL named by a user realm or federation server, before a password or ticket is sent to it. A URL on this machine or
 * a private network is accepted only if the authority is on one as well.
 *
 * @param field the name of the member, for the message
 * @throws ClientConfigurationError `authority_uri_insecure`, `url_parse_error`
 */
export function federationUrl(value: string, field: string, authority: AuthorityUrl): string {
  const url = secureEndpoint(value, field, authority.href);
  if (!isPrivateHost(url.hostname) || isPrivateHost(new URL(authority.href).hostname)) return url.href;
  throw clientConfigurationError(
    "authority_uri_insecure",
    `${field} "${url.origin}${url.pathname}" is on this machine or in a private network, but its authority ${authority.href} is not: the federated domain must name a public https URL.`,
  );
}
