import { sha256Base64Url } from "../encoding.js";
import type { Miss } from "../request/miss.js";
import type { AuthenticationResult } from "../result.js";
import { recheckCache, type Wanted } from "./cache-first.js";
import type { Exchange } from "./exchange.js";

/**
 * Runs the refreshes of a partition one at a time, in all processes that share the cache. Each looks in the cache again
 * first, because the one before may have brought its token.
 */
export function refreshInTurn<T extends AuthenticationResult | undefined>(
  exchange: Exchange,
  wanted: Wanted,
  miss: Miss,
  refresh: (inTurn: Exchange) => Promise<T>,
): Promise<T | AuthenticationResult> {
  const { client, call } = exchange;
  const found = (): Promise<AuthenticationResult | undefined> => recheckCache(client, wanted, miss);
  return client.cache.turns.refreshing<T | AuthenticationResult>({
    key: wanted.query.partition,
    signal: call.signal,
    found,
    run: async (turn) => (await found()) ?? refresh({ ...exchange, turn }),
  });
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
