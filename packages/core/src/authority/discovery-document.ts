import type { Clock } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import { withPause } from "../http/throttle.js";
import type { Call, Transport } from "../http/transport.js";
import type { ProviderMetadata } from "./authority.js";
import type { AuthorityUrl } from "./authority-url.js";
import type { Cloud } from "./clouds.js";
import { discoveryFailure } from "./discovery-failure.js";
import { isIssuerOf } from "./document-issuer.js";
import { checkedMetadata, discoveryUrl } from "./provider-metadata.js";

/** A discovery document as it was received. */
export interface DiscoveryDocument {
  /** Where it was fetched from. */
  readonly source: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Fetches the discovery document of an authority.
 *
 * @throws ClientAuthError `openid_config_error`, `network_error` when there is none
 */
export async function fetchDocument(
  url: AuthorityUrl,
  { transport, clock }: { readonly transport: Transport; readonly clock: Clock },
  call: Call,
): Promise<DiscoveryDocument> {
  const source = discoveryUrl(url);
  const response = await transport.get(source, call);
  const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
  if (!body) throw withPause(discoveryFailure(url, source, response, call), response, clock);
  return { source, body };
}

/**
 * Returns the metadata in a discovery document, which must be that of the authority.
 *
 * @throws ClientConfigurationError `issuer_validation_failed`; see {@link checkedMetadata}
 */
export function documentMetadata(
  { source, body }: DiscoveryDocument,
  url: AuthorityUrl,
  cloud: Cloud,
  call: Call,
): ProviderMetadata {
  const metadata = checkedMetadata(body, url, source);
  if (isIssuerOf(metadata.issuer, url, cloud)) return metadata;
  throw clientConfigurationError(
    "issuer_validation_failed",
    `the discovery document of ${url.href} names another issuer, "${metadata.issuer}": use that as the authority if it is the intended one.`,
    call,
  );
}
