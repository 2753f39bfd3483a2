import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { TokenRequest } from "../request/token-request.js";

/** Asks Entra to say which cloud the user belongs to, unless the app's own extra parameters say something else. */
export function instanceAware(client: Client, url: AuthorityUrl, request: TokenRequest): "true" | undefined {
  const isAsked = client.instanceAware && dialectOf(url).hasClouds;
  return isAsked && !isOwnParameter(request) ? "true" : undefined;
}

/**
 * Refuses the parameter in a confidential client: an answer must not decide to which host its credential is sent.
 *
 * @throws ClientConfigurationError `unsupported_cca_instance_aware`
 */
export function requireInstance(client: Client, request: TokenRequest): void {
  if (client.isPublic || !isOwnParameter(request)) return;
  throw clientConfigurationError(
    "unsupported_cca_instance_aware",
    "extraQueryParameters.instance_aware lets the answer name another cloud, which a confidential client does not follow: leave it out, and name the authority of the user's cloud.",
    request,
  );
}

function isOwnParameter({ extraQueryParameters }: TokenRequest): boolean {
  return extraQueryParameters !== undefined && Object.hasOwn(extraQueryParameters, "instance_aware");
}
