import type { HeldTurn } from "../cache/storage/held-turn.js";
import { sha256Base64Url } from "../encoding.js";
import { abortAfter } from "../flight/deadline.js";
import { noTimeLeft } from "../http/within-call-time.js";
import type { Miss } from "../request/miss.js";
import type { AuthenticationResult } from "../result.js";
import { recheckCache, type Wanted } from "./cache-first.js";
import type { Exchange } from "./exchange.js";

/**
 * Runs the refreshes of a partition one at a time, in all processes that share the cache. Each looks in the cache again
 * first, because the one before may have brought its token.
 *
 * The wait behind refreshes of this process is part of the call's time. The outcome in another process is waited for as long as
 * that one lives: it may have used the refresh token.
 *
 * @throws ClientAuthError `network_error` when the time is over; the reason of the call's signal; whatever the refresh throws
 */
export async function refreshInTurn<T extends AuthenticationResult | undefined>(
  exchange: Exchange,
  wanted: Wanted,
  miss: Miss,
  refresh: (inTurn: Exchange) => Promise<T>,
): Promise<T | AuthenticationResult> {
  const { client, call } = exchange;
  const { budget, signal, correlationId } = call;
  const found = (): Promise<AuthenticationResult | undefined> => recheckCache(client, wanted, miss);
  let left = 0;
  const run = async (turn: HeldTurn | undefined): Promise<T | AuthenticationResult> => {
    budget?.resume(left);
    return (await found()) ?? refresh({ ...exchange, turn });
  };
  const deadline = abortAfter(budget && Math.round(budget.left()), signal);
  const onLeft = (): void => {
    deadline.done();
    left = budget?.left() ?? 0;
  };
  const key = wanted.query.partition;
  try {
    return await client.cache.turns.refreshing(
      { key, signal, found, run },
      { signal: deadline.signal, onLeft },
    );
  } catch (cause) {
    if (!deadline.passed() || signal?.aborted) throw cause;
    throw noTimeLeft(
      "The call ran out of time (system.callTimeoutMs) waiting for another refresh of the same user.",
      { correlationId, cause },
    );
  } finally {
    deadline.done();
  }
}

/**
 * Sends one of several equal requests of the processes that share a store; the others find its outcome. Without a store,
 * equal calls share a request anyway.
 */
export function requestInTurn(
  exchange: Exchange,
  wanted: Wanted,
  miss: Miss,
  send: (inTurn: Exchange) => Promise<AuthenticationResult>,
): Promise<AuthenticationResult> {
  const { client, call } = exchange;
  if (!client.cache.turns.areShared || miss === "forced") return send(exchange);
  const found = (): Promise<AuthenticationResult | undefined> => recheckCache(client, wanted, miss);
  const { partition: key, clientId, realms, scopes, scheme, resource, components } = wanted.query;
  const sorted = Object.entries(components ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const equal = [wanted.url.href, clientId, realms, scopes, scheme, resource, sorted];
  return client.cache.turns.inTurn({
    key,
    only: sha256Base64Url(JSON.stringify(equal)),
    signal: call.signal,
    found,
    run: async (turn) => (await found()) ?? send({ ...exchange, turn }),
  });
}
