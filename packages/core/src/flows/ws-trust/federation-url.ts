import type { AuthorityUrl } from "../../authority/authority-url.js";
import { clientConfigurationError } from "../../errors/errors.js";
import { isPrivateHost } from "../../http/private-host.js";
import { secureEndpoint } from "../../http/secure-url.js";

/**
 * Checks a URL that a user's realm or a federation server names, before it gets a password: only an authority that is
 * itself on this machine or in a private network may lead there.
 *
 * @param field the name of the member, for the message
 * @throws ClientConfigurationError `authority_uri_insecure`, `url_parse_error`
 */
export function federationUrl(value: string, field: string, authority: AuthorityUrl): string {
  const url = secureEndpoint(value, field, authority.href);
  if (!isPrivateHost(url.hostname) || isPrivateHost(new URL(authority.href).hostname)) return url.href;
  throw clientConfigurationError(
    "authority_uri_insecure",
    `${field} "${url.origin}${url.pathname}" is on this machine or in a private network, and its authority ${authority.href} is not: the federated domain has to name a public https URL.`,
  );
}
