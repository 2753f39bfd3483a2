import {
  isWithinResource,
  notedFailure,
  publishedResource,
  resourceDocuments,
  withinCallTime,
  type Client,
} from "@tessera/core/internal";
import { resolvedZone, type Reach } from "../http/network-zone.js";
import { challengeOf } from "./challenge.js";
import type { ResourceFacts } from "./known-resource.js";
import type { MetadataCall } from "./metadata-client.js";

/** What is asked about, and how. */
export interface Discovery {
  /** URL of the request that was refused. */
  readonly url: URL;
  readonly response: Pick<Response, "headers">;
  readonly clients: (reach: Reach) => Client;
}

/**
 * Finds out who issues tokens for a URL: from the metadata of the resource or, if it publishes none, as the revision of
 * 2025-03-26 has it: the issuer is the resource's own origin.
 *
 * @throws ClientAuthError `invalid_resource_metadata`
 * @see RFC 9728
 */
export async function discoverResource(
  { url, response, clients }: Discovery,
  call: MetadataCall,
): Promise<ResourceFacts> {
  const asked = `${url.origin}${url.pathname}${url.search}`;
  const { header, wantsDpop } = challengeOf(response.headers);
  const zone = await withinCallTime(call, `address of ${url.hostname}`, () => resolvedZone(url.hostname));
  // What the resource names may be as near as the server that names it, so that is looked at where the connection leads.
  const client = clients({ from: zone, isOnly: true });
  const readAt = client.clock.now();
  const question = { resource: asked, challenge: header, acceptsParent: true };
  const found = await notedFailure(client, call, `resource ${asked} ${header ?? ""}`, ({ onAsk }) => {
    onAsk?.();
    return publishedResource(client, question, call);
  });
  const known = { zone, readAt };
  if ("missing" in found) return { ...known, covers: url.origin, issuers: [url.origin], wantsDpop };
  const { resource, authorizationServers: issuers, metadata, document } = found;
  const listed = metadata["scopes_supported"];
  return {
    ...known,
    covers: coveredBy(resource, url, document),
    resource,
    issuers,
    ...(isTexts(listed) ? { scopes: listed } : {}),
    wantsDpop: wantsDpop || metadata["dpop_bound_access_tokens_required"] === true,
  };
}

/**
 * Returns the URL below which the token is sent without being asked for. A parent that the document of another resource names
 * might have nothing to do with it, and so counts only for the path that was asked about.
 */
function coveredBy(resource: string, url: URL, document: string): string {
  const parent = new URL(resource);
  const isOwn = parent.search === "" && resourceDocuments(parent).some((one) => one === document);
  if (isOwn && isWithinResource(url, parent)) return resource;
  return `${url.origin}${url.pathname}`;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
