import type { AccountInfo } from "@tessera/core";
import { isRecord, isWithinResource, parsedUrl } from "@tessera/core/internal";
import type { Zone } from "../http/network-zone.js";
import type { Kept } from "./kept-documents.js";

/** What a resource has published, or what holds for one that publishes nothing. */
export interface ResourceFacts {
  /** The URL whose requests the token is for, with everything below it. */
  readonly covers: string;
  /** The identifier as published, to be sent as `resource`. */
  readonly resource?: string;
  readonly issuers: readonly string[];
  /** The scopes that the resource lists. */
  readonly scopes?: readonly string[];
  readonly wantsDpop: boolean;
  /** Where the server is that has published it. */
  readonly zone: Zone;
  /** When it was read, in milliseconds since the epoch. */
  readonly readAt: number;
}

/** A resource, and how its tokens are acquired. Changes as the resource and its issuer do. */
export interface KnownResource {
  facts: ResourceFacts;
  /** The issuer of its tokens. */
  issuer: string;
  /** The client at the issuer, as {@link IssuerClient} has it. */
  client?: { readonly clientId: string; readonly way: string };
  /** The scopes that were asked for last; absent if none were. */
  scopes?: readonly string[];
  /** The user's home account ID. */
  user?: string;
  /** The user, once the cache of tokens has been read. */
  account?: AccountInfo;
  /** The token that was acquired last. */
  latest?: { readonly accessToken: string; isAccepted: boolean };
  /** Set while the resource refuses even fresh tokens. */
  refusal?: { readonly count: number; readonly until: number };
}

/** Returns the known resource that a URL belongs to: the one with the longest path. */
export function resourceOf(known: Iterable<KnownResource>, url: URL): KnownResource | undefined {
  let best: KnownResource | undefined;
  for (const one of known) {
    if (!isCovered(url, one.facts)) continue;
    if (!best || one.facts.covers.length > best.facts.covers.length) best = one;
  }
  return best;
}

/** Whether a token for a resource may be sent to a URL. */
export function isCovered(url: URL, { covers }: Pick<ResourceFacts, "covers">): boolean {
  const covered = parsedUrl(covers);
  return covered !== undefined && isWithinResource(url, covered);
}

/** Returns the names under which a URL's resource may be kept, the longest first. */
export function namesOf({ origin, pathname }: URL): readonly string[] {
  const segments = pathname.split("/").slice(1, MOST_SEGMENTS);
  const paths = segments.map((_, count) => `/${segments.slice(0, segments.length - count).join("/")}`);
  return [...new Set([...paths, "/", ""])].map((path) => nameOf(`${origin}${path}`));
}

/** Deeper paths are those of documents, not of resources. */
const MOST_SEGMENTS = 8;

/** Returns the name under which a resource is kept. */
export function nameOf(covers: string): string {
  return `resource ${covers}`;
}

/** Returns what is kept of a resource, for the next start of the program. */
export function keptResource({ facts, issuer, client, scopes, user }: KnownResource): Kept {
  return { facts, issuer, client, scopes, user };
}

/** Reads what {@link keptResource} has written. Anything else is not known. */
export function readResource(kept: Kept | undefined): KnownResource | undefined {
  const { facts, issuer, client, scopes, user } = kept ?? {};
  if (!isRecord(facts) || typeof issuer !== "string") return undefined;
  const { covers, resource, issuers, scopes: listed, wantsDpop, zone, readAt } = facts;
  if (typeof covers !== "string" || !isTexts(issuers) || typeof readAt !== "number" || !isZone(zone))
    return undefined;
  return {
    facts: {
      covers,
      ...(typeof resource === "string" ? { resource } : {}),
      issuers,
      ...(isTexts(listed) ? { scopes: listed } : {}),
      wantsDpop: wantsDpop === true,
      zone,
      readAt,
    },
    issuer,
    ...(isClient(client) ? { client } : {}),
    ...(isTexts(scopes) ? { scopes } : {}),
    ...(typeof user === "string" ? { user } : {}),
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isZone(value: unknown): value is Zone {
  return value === "public" || value === "private" || value === "link-local" || value === "loopback";
}

function isClient(value: unknown): value is NonNullable<KnownResource["client"]> {
  return isRecord(value) && typeof value["clientId"] === "string" && typeof value["way"] === "string";
}
