import { clientAuthError, type ErrorContext } from "../errors/errors.js";
import { secureEndpoint } from "../http/secure-url.js";
import type { Authority } from "./authority.js";

/** The endpoints in a document that were checked, with the authority that they were checked for. */
const accepted = new WeakMap<object, Map<string, string>>();

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
    const known = accepted.get(metadata) ?? new Map<string, string>();
    if (known.get(endpoint) === url.href) return endpoint;
    secureEndpoint(endpoint, name, url.href);
    accepted.set(metadata, known.set(endpoint, url.href));
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
