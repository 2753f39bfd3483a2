import type { Clock } from "../clock.js";
import { isObject, parseJsonObject } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import { statusOf, withPause } from "../http/throttle.js";
import type { Call, Transport } from "../http/transport.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud, selfCloud, type Cloud } from "./clouds.js";

const INSTANCE_DISCOVERY = "https://login.microsoftonline.com/common/discovery/instance";

/**
 * Asks Entra whether a host is one of its own, and under which other names it is known.
 *
 * @throws ClientConfigurationError `untrusted_authority` when Entra does not know the host
 */
export async function discoverCloud(
  url: AuthorityUrl,
  { transport, clock }: { readonly transport: Transport; readonly clock: Clock },
  call: Call,
): Promise<Cloud> {
  const query = `api-version=1.1&authorization_endpoint=${encodeURIComponent(`${url.href}oauth2/v2.0/authorize`)}`;
  const response = await transport.get(`${INSTANCE_DISCOVERY}?${query}`, call);
  const body = parseJsonObject(response.body);
  // Only an answer about the host vouches for it: an error of another kind, which a path can provoke, says nothing.
  const isAnswer =
    typeof body?.["tenant_discovery_endpoint"] === "string" || Array.isArray(body?.["metadata"]);
  if (!body || response.status !== 200 || body["error"] !== undefined || !isAnswer) {
    const what =
      response.status === 200 || response.status === 400
        ? `Entra does not know the host "${url.host}"`
        : `Entra could not say whether it knows the host "${url.host}" (${statusOf(response)})`;
    const error = clientConfigurationError(
      "untrusted_authority",
      `${what}: if it is yours, list it in knownAuthorities, or set protocolMode to OIDC for another provider.`,
      call,
    );
    throw withPause(error, response, clock);
  }
  return cloudsOf(body).find(({ aliases }) => aliases.has(url.host)) ?? selfCloud(url.host);
}

/** The clouds in an instance discovery response. */
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
        preferredNetwork: network,
        preferredCache: cache,
        aliases: all,
        endpointsKnown: knownCloud(network)?.endpointsKnown ?? false,
      },
    ];
  });
}
