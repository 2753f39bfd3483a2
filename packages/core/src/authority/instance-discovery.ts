import type { Clock } from "../clock.js";
import { isObject, parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { mayPass } from "../http/retry-policy.js";
import { statusOf, withPause } from "../http/throttle.js";
import type { Call, Transport } from "../http/transport.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud, selfCloud, type Cloud } from "./clouds.js";

const INSTANCE_DISCOVERY = "https://login.microsoftonline.com/common/discovery/instance";

/**
 * Asks Entra whether a host belongs to it, and for the host's aliases (instance discovery).
 *
 * @throws ClientConfigurationError `untrusted_authority` when Entra does not know the host; ClientAuthError
 * `openid_config_error` when it cannot say so at the moment
 */
export async function discoverCloud(
  url: AuthorityUrl,
  { transport, clock }: { readonly transport: Transport; readonly clock: Clock },
  call: Call,
): Promise<Cloud> {
  const query = `api-version=1.1&authorization_endpoint=${encodeURIComponent(`${url.href}oauth2/v2.0/authorize`)}`;
  const response = await transport.get(`${INSTANCE_DISCOVERY}?${query}`, call);
  const body = parseJsonObject(response.body);
  // Only a response about the host is conclusive. Other errors, which a crafted path can cause, are not.
  const isAnswer =
    typeof body?.["tenant_discovery_endpoint"] === "string" || Array.isArray(body?.["metadata"]);
  if (!body || response.status !== 200 || body["error"] !== undefined || !isAnswer) {
    const isSaid = body?.["error"] !== undefined && (response.status === 200 || response.status === 400);
    const unknown = `Entra does not know the host "${url.host}"`;
    const unsaid = `Entra could not say whether it knows the host "${url.host}" (${statusOf(response)})`;
    const remedy =
      "for an AD FS or a domain of your own, list it in knownAuthorities; for an OpenID Provider that is not Microsoft's, name its issuer as auth.oidcAuthority in place of auth.authority.";
    const error = mayPass(response.status)
      ? clientAuthError(
          "openid_config_error",
          `${unsaid}: try again later. To do without its answer, ${remedy}`,
          call,
        )
      : clientConfigurationError("untrusted_authority", `${isSaid ? unknown : unsaid}: ${remedy}`, call);
    throw withPause(error, response, clock);
  }
  return cloudsOf(body).find(({ aliases }) => aliases.has(url.host)) ?? selfCloud(url.host);
}

/** Returns the clouds in an instance discovery response. */
export function cloudsOf(body: Readonly<Record<string, unknown>>): readonly Cloud[] {
  const entries: readonly unknown[] = Array.isArray(body["metadata"]) ? body["metadata"] : [];
  return entries.flatMap((entry): Cloud[] => {
    if (!isObject(entry)) return [];
    const { preferred_network: network, preferred_cache: cache, aliases } = entry;
    const hosts = (Array.isArray(aliases) ? aliases : []).filter(
      (alias): alias is string => typeof alias === "string",
    );
    if (typeof network !== "string" || typeof cache !== "string") return [];
    const all = new Set([...hosts, network, cache].map((host) => host.toLowerCase()));
    return [
      {
        preferredNetwork: network.toLowerCase(),
        preferredCache: cache.toLowerCase(),
        aliases: all,
        endpointsKnown: knownCloud(network.toLowerCase())?.endpointsKnown ?? false,
      },
    ];
  });
}
