import type { AuthorityUrl } from "../authority/authority-url.js";
import type { CachedTokens } from "../cache/memory/entry.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { HIT } from "./cache-first.js";
import { freshness } from "./freshness.js";

/** Finds the token of one request repeatedly, as long as it is fresh and the cache is in memory only. */
export interface FreshHits {
  /** Returns the result of a cache hit. */
  result(correlationId: string): AuthenticationResult | undefined;
  /** Returns the access token alone, in a fraction of the time. */
  token(): string | undefined;
}

/** What a request looks for, as far as its authority is known. */
export interface Search {
  readonly url: AuthorityUrl;
  find(memory: TokenMemory): CachedTokens | undefined;
}

/**
 * Returns an object that finds the token of one request repeatedly. It searches the cache again only when the cache has changed
 * or more is known about the authority.
 */
export function freshHits(client: Client, searchFor: () => Search): FreshHits {
  const { authorities, cache, telemetry, clock, renewalMargin } = client;
  let revision: number | undefined;
  let known: number | undefined;
  let search: Search | undefined;
  let tokens: CachedTokens | undefined;
  const find = (memory: TokenMemory): CachedTokens | undefined => {
    if (revision === memory.revision && known === authorities.revision) return tokens;
    if (known !== authorities.revision || !search) search = searchFor();
    tokens = search.find(memory);
    ({ revision } = memory);
    known = authorities.revision;
    return tokens;
  };
  const findFresh = (correlationId?: string): CachedTokens | undefined => {
    // An observed call takes the path on which it is reported.
    if (client.observer()) return undefined;
    const found = cache.readNow(find);
    if (!found || freshness(found.accessToken, epochSeconds(clock), renewalMargin) !== "fresh")
      return undefined;
    telemetry.countHit();
    cache.countLookup(true);
    client.logger().verbose(HIT, correlationId);
    return found;
  };
  return {
    result(correlationId) {
      const found = findFresh(correlationId);
      const authority = search?.url.href ?? "";
      return found && authenticationResult(found, { authority, correlationId, fromCache: true });
    },
    token: () => findFresh()?.accessToken.entity.secret,
  };
}
