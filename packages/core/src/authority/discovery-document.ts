import type { Clock } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { HttpResponse } from "../http/http-client.js";
import { mayPass } from "../http/retry-policy.js";
import { withPause } from "../http/throttle.js";
import type { Call, Transport } from "../http/transport.js";
import type { ProviderMetadata } from "./authority.js";
import type { AuthorityUrl } from "./authority-url.js";
import type { Cloud } from "./clouds.js";
import { discoveryFailure } from "./discovery-failure.js";
import { isDocumentIssuer } from "./document-issuer.js";
import { checkedMetadata, discoveryUrl, oauthDocumentUrl } from "./provider-metadata.js";

/** A discovery document as it was received. */
export interface DiscoveryDocument {
  /** Where it was fetched from. */
  readonly source: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How to fetch a document. */
export interface Fetching {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Where the last one was fetched from. */
  readonly source?: string | undefined;
}

/**
 * Fetches the discovery document of an authority: that of OpenID Connect, or that of an OAuth server (RFC 8414) if there is
 * none. A server that has published the first is not mistaken for the second while it is down.
 *
 * @throws ClientAuthError `openid_config_error`, `network_error` when there is neither
 */
export async function fetchDocument(
  url: AuthorityUrl,
  { transport, clock, source: known }: Fetching,
  call: Call,
): Promise<DiscoveryDocument> {
  const source = known ?? discoveryUrl(url);
  const response = await transport.get(source, call);
  const body = documentIn(response);
  if (body) return { source, body };
  const failure = withPause(discoveryFailure(url, source, response, call), response, clock);
  if (known !== undefined || url.kind !== "oidc" || !isMissing(response)) throw failure;
  const other = oauthDocumentUrl(url);
  const plain = documentIn(await transport.get(other, call));
  if (!plain) throw failure;
  return { source: other, body: plain };
}

function documentIn({ status, body }: HttpResponse): Readonly<Record<string, unknown>> | undefined {
  return status === 200 ? parseJsonObject(body) : undefined;
}

/** Whether a server has answered that it has no such document. Networks in front of it use several codes for that. */
function isMissing({ status }: HttpResponse): boolean {
  return !mayPass(status);
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
  if (isDocumentIssuer(metadata.issuer, url, cloud)) return metadata;
  throw clientConfigurationError(
    "issuer_validation_failed",
    `the discovery document of ${url.href} names another issuer, "${metadata.issuer}": use that as the authority if it is the intended one.`,
    call,
  );
}
