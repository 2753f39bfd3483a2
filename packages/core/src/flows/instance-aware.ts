import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Client } from "../client/client.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { TokenRequest } from "../request/token-request.js";

/** Whether the app lets the response choose the cloud, by the option or by its own extra parameter. */
export function isInstanceAware(client: Client, { extraQueryParameters }: TokenRequest): boolean {
  const own = extraQueryParameters?.["instance_aware"];
  return own === undefined ? client.instanceAware : own === "true";
}

/** Returns the parameter that asks Entra for the user's cloud, unless the app's extra parameters already have it. */
export function instanceAware(client: Client, url: AuthorityUrl, request: TokenRequest): "true" | undefined {
  const isAsked = client.instanceAware && dialectOf(url).hasClouds;
  return isAsked && !isOwnParameter(request) ? "true" : undefined;
}

/**
 * Refuses the parameter in a confidential client, whose credential must not go to a host that a response chooses.
 *
 * @throws ClientConfigurationError `unsupported_cca_instance_aware`
 */
export function requireInstance(client: Client, request: TokenRequest): void {
  if (client.isPublic || !isOwnParameter(request)) return;
  throw clientConfigurationError(
    "unsupported_cca_instance_aware",
    "extraQueryParameters.instance_aware lets the response choose the cloud that redeems the code, which a confidential client must not allow: omit it, and use the authority of the user's cloud.",
    request,
  );
}

function isOwnParameter({ extraQueryParameters }: TokenRequest): boolean {
  return extraQueryParameters !== undefined && Object.hasOwn(extraQueryParameters, "instance_aware");
}
