import type { AuthorityUrl } from "../authority/authority-url.js";
import { findTokens, type AccessTokenQuery } from "../cache/memory/find.js";
import { isEntry, type Entry } from "../cache/memory/entry.js";
import type { Question } from "../cache/memory/question.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { WHY_SENT, type Miss } from "../request/miss.js";
import { flightKey } from "../request/request-keys.js";
import type { TokenRequest } from "../request/token-request.js";
import { afterLookUp, fromStore } from "../metadata.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { freshness } from "./freshness.js";
import { noteLookUp } from "./look-up-notes.js";

/** The tokens a flow looks for in the cache before it sends a request. */
export interface Wanted<R extends TokenRequest = TokenRequest> {
  readonly request: R;
  readonly url: AuthorityUrl;
  /** Values, besides the fields of the request, that must be equal in equal calls; see {@link sharedExchange}. */
  readonly flow: readonly unknown[];
  /** The tokens that satisfy the request. */
  readonly query: AccessTokenQuery;
  /** Whether the tokens of the partition may be used for the request, if that depends on what is cached. */
  isServed?(client: Client, memory: TokenMemory, wanted: Wanted<R>): boolean;
  /** Whether a token that is due for renewal is returned and renewed in the background. */
  readonly renewsEarly: boolean;
  /** What the caller asked, if an equal question has the same answer; see `repeated-hit.ts`. */
  readonly question?: Question | undefined;
}

/** Requests the tokens that the cache does not have. */
export type Send<W extends Wanted> = (client: Client, wanted: W, miss: Miss) => Promise<AuthenticationResult>;

/** What is logged of a cache hit. */
export const HIT = "The token comes from the cache.";

/**
 * Returns the tokens from the cache or, on a miss, requests them. A cache hit without a plugin or store completes
 * synchronously. Functions are passed what they need rather than made for each call, which would take a tenth of a hit.
 */
export function cacheFirst<W extends Wanted>(
  client: Client,
  wanted: W,
  send: Send<W>,
): AuthenticationResult | Promise<AuthenticationResult> {
  const { refusedToken } = wanted.request;
  if (refusedToken !== undefined) return withoutToken(client, wanted, send, refusedToken);
  const { partition } = wanted.query;
  const found = client.cache.read(partition, (memory) => lookUp(client, memory, wanted, send));
  return found instanceof Promise ? late(client, wanted, send, found) : answer(client, wanted, send, found);
}

/** Waits for a look-up behind the plugin or store, and adds its time to the result. */
async function late<W extends Wanted>(
  client: Client,
  wanted: W,
  send: Send<W>,
  reading: Promise<AuthenticationResult | Miss>,
): Promise<AuthenticationResult> {
  const startedAt = performance.now();
  const found = await reading;
  if (typeof found === "object") found.metadata = fromStore(startedAt);
  const lookedUp = performance.now();
  const result = await answer(client, wanted, send, found);
  if (result !== found && result.metadata)
    result.metadata = afterLookUp(result.metadata, lookedUp - startedAt);
  return result;
}

/** Forgets a token that an API has refused before it looks for another one. */
async function withoutToken<W extends Wanted>(
  client: Client,
  wanted: W,
  send: Send<W>,
  refusedToken: string,
): Promise<AuthenticationResult> {
  const { partition } = wanted.query;
  const isRefused = (entry: Entry): boolean =>
    isEntry(entry, "AccessToken") && entry.entity.secret === refusedToken;
  const isKept = await client.cache.read(partition, ({ partitions }) =>
    partitions.peek(partition)?.has(isRefused),
  );
  if (isKept) await client.cache.write(partition, (memory) => memory.remove(partition, isRefused));
  const found = await client.cache.read(partition, (memory) => lookUp(client, memory, wanted, send));
  return answer(client, wanted, send, found);
}

function answer<W extends Wanted>(
  client: Client,
  wanted: W,
  send: Send<W>,
  found: AuthenticationResult | Miss,
): AuthenticationResult | Promise<AuthenticationResult> {
  const isHit = typeof found === "object";
  client.cache.countLookup(isHit);
  client.logger().verbose(isHit ? HIT : WHY_SENT[found], wanted.request.correlationId);
  const observer = client.observer();
  if (observer) noteLookUp(observer, wanted, found);
  return isHit ? found : send(client, wanted, found);
}

/**
 * Looks in the cache again just before sending: another call or process may have renewed the token in the meantime.
 *
 * @param miss why the request is about to be sent
 */
export async function recheckCache(
  client: Client,
  wanted: Wanted,
  miss: Miss,
): Promise<AuthenticationResult | undefined> {
  if (miss === "forced") return undefined;
  const { partition } = wanted.query;
  const found = await client.cache.read(partition, (memory) => lookUp(client, memory, wanted, miss));
  return typeof found === "object" ? found : undefined;
}

/** @param send renews a token that is due; or the reason why no renewal must be started here */
function lookUp<W extends Wanted>(
  client: Client,
  memory: TokenMemory,
  wanted: W,
  send: Send<W> | Miss,
): AuthenticationResult | Miss {
  const { request, url } = wanted;
  if (wanted.isServed?.(client, memory, wanted) === false) return "not_found";
  const tokens = findTokens(memory, wanted.query);
  if (!tokens) return "not_found";
  const margin = request.renewalMargin ?? client.renewalMargin;
  const state = freshness(tokens.accessToken, epochSeconds(client.clock), margin);
  if (state === "stale") return "expired";
  if (state === "due" && wanted.renewsEarly) {
    if (send === "due") return "due";
    if (typeof send === "function") {
      client.renewals.start(flightKey(request.given, [url.href, ...wanted.flow]), request, (background) =>
        send(client, { ...wanted, request: background }, "due"),
      );
    }
  }
  client.telemetry.countHit();
  if (wanted.question && state === "fresh")
    memory.partitions.peek(wanted.query.partition)?.memo.note(tokens, wanted.question, url.href);
  if (wanted.query.scheme) client.dpop.remember(tokens.accessToken.entity);
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}
