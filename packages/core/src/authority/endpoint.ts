import { clientAuthError, type ErrorContext } from "../errors/errors.js";
import { secureEndpoint } from "../http/secure-url.js";
import type { Authority } from "./authority.js";

/**
 * Returns an endpoint of a provider. Endpoints are checked when they are used, because documents also name others, in
 * every form.
 *
 * @param name its name in the metadata, such as `token_endpoint`
 * @throws ClientAuthError `openid_config_error` when there is none; ClientConfigurationError as {@link secureEndpoint}
 */
export function endpointOf(
  { url, metadata }: Pick<Authority, "url" | "metadata">,
  name: string,
  context: ErrorContext = {},
): string {
  const endpoint = metadata[name];
  if (typeof endpoint === "string" && endpoint !== "") {
    secureEndpoint(endpoint, name, url.href);
    return endpoint;
  }
  const what =
    endpoint === undefined || endpoint === null || endpoint === "" ? "is missing" : "is not a string";
  throw clientAuthError(
    "openid_config_error",
    `${name} ${what} in the metadata of ${url.href}: use another flow or, if the provider has this endpoint, name it in auth.authorityMetadata.`,
    context,
  );
}
