import { clientAuthError } from "../../errors/errors.js";
import type { CacheDocument } from "../schema/document.js";
import { partitionName, type PartitionKey } from "../memory/partition-key.js";
import type { PartitionedCache } from "../memory/partitioned-cache.js";
import type { PartitionUpdate, TokenStore } from "./token-store.js";

/**
 * Changes one partition in a store and in memory: in both, or in none.
 *
 * @param parse the document in a text; `undefined` for one that cannot be read and is to be left as it is
 * @param now the time in milliseconds since the epoch
 */
export async function updateStore<T>(
  store: TokenStore,
  cache: PartitionedCache,
  key: PartitionKey,
  change: () => T,
  parse: (text: string) => CacheDocument | undefined,
  now: () => number,
): Promise<T> {
  let outcome: { readonly result: T; readonly changed: CacheDocument | undefined } | undefined;
  await store.update(partitionName(key), (current) => {
    const document = parse(current ?? "{}");
    // What could not be read is not overwritten; the tokens live in memory only.
    if (!document) {
      outcome = { result: change(), changed: undefined };
      return "keep";
    }
    const checkpoint = cache.checkpoint();
    try {
      cache.loadPartition(key, document);
      const result = change();
      const changed = cache.partitionDocument(key);
      outcome = { result, changed: changed ?? {} };
      return changed ? stored(changed, cache.partitionExpiry(key) - now() / 1000) : "remove";
    } finally {
      // The store may still refuse, or ask again with newer content: until it is done, nothing has happened.
      checkpoint.rollBack();
    }
  });
  if (!outcome) throw clientAuthError("invalid_cache_content", "cache.store.update did not call its change.");
  if (outcome.changed) cache.loadPartition(key, outcome.changed);
  return outcome.result;
}

/** @param seconds until the last token expires; `Infinity` if it does not say when */
function stored(document: CacheDocument, seconds: number): PartitionUpdate {
  const text = JSON.stringify(document);
  return Number.isFinite(seconds)
    ? { document: text, timeToLive: Math.max(1, Math.ceil(seconds)) }
    : { document: text };
}
