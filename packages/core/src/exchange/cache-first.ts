import { findTokens } from "../cache/memory/find.js";
import { isEntry, type Entry } from "../cache/memory/partition.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { begun, waitWithin } from "../flight/deadline.js";
import { WHY_SENT, type Miss } from "../request/miss.js";
import { afterLookUp, fromStore } from "../metadata.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { freshness } from "./freshness.js";
import { noteLookUp } from "./look-up-notes.js";
import { renewedOrStale, startRenewal } from "./stale-tokens.js";
import type { Send, Wanted } from "./wanted.js";

export type { Wanted };

/** Logged for a cache hit. */
export const HIT = "The token comes from the cache.";

/**
 * Returns the tokens from the cache or, on a miss, requests them. A cache hit without a plugin or store completes
 * synchronously. Functions get what they need as arguments: a closure for each call would cost a tenth of a hit.
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
  const request = begun(wanted.request);
  const found = await waitWithin(wanted.request, reading);
  if (typeof found === "object") found.metadata = fromStore(startedAt);
  const lookedUp = performance.now();
  const result = await answer(client, { ...wanted, request }, send, found);
  if (result !== found && result.metadata)
    result.metadata = afterLookUp(result.metadata, lookedUp - startedAt);
  return result;
}

/** Forgets a token that an API has refused, then looks for another one. */
async function withoutToken<W extends Wanted>(
  client: Client,
  wanted: W,
  send: Send<W>,
  refusedToken: string,
): Promise<AuthenticationResult> {
  const { partition } = wanted.query;
  const request = begun(wanted.request);
  const isRefused = (entry: Entry): boolean =>
    isEntry(entry, "AccessToken") && entry.entity.secret === refusedToken;
  const forgotten = async (): Promise<AuthenticationResult | Miss> => {
    const isKept = await client.cache.read(partition, ({ partitions }) =>
      partitions.peek(partition)?.has(isRefused),
    );
    if (isKept) await client.cache.write(partition, (memory) => memory.remove(partition, isRefused));
    return client.cache.read(partition, (memory) => lookUp(client, memory, wanted, send));
  };
  return answer(client, { ...wanted, request }, send, await waitWithin(wanted.request, forgotten()));
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
  if (isHit) return found;
  return found === "expired" ? renewedOrStale(client, wanted, send) : send(client, wanted, found);
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
  const startedAt = performance.now();
  const reading = client.cache.read(partition, (memory) => lookUp(client, memory, wanted, miss));
  const found = await reading;
  if (typeof found !== "object") return undefined;
  if (reading instanceof Promise) found.metadata = fromStore(startedAt);
  return found;
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
    if (typeof send === "function" && wanted.isRenewable?.(memory, wanted) !== false) {
      startRenewal(client, wanted, send, { miss: "due", account: tokens.account });
    }
  }
  client.telemetry.countHit();
  if (wanted.question && state === "fresh")
    memory.partitions.peek(wanted.query.partition)?.memo.note(tokens, wanted.question, url.href);
  if (wanted.query.scheme) client.dpop.remember(tokens.accessToken.entity);
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}
