import { clientAuthError } from "../../errors/errors.js";
import type { CacheDocument } from "../schema/document.js";
import { partitionName, type PartitionKey } from "../memory/partition-key.js";
import { loadPartition, partitionDocument } from "../memory/load-and-dump.js";
import type { TokenMemory } from "../memory/token-memory.js";
import type { PartitionUpdate, TokenStore } from "./token-store.js";

/** A store and the cache in memory in front of it. */
export interface StoreAccess {
  readonly store: TokenStore;
  readonly memory: TokenMemory;
  /** Parses a document. Returns `undefined` for an unreadable one that must be left unchanged. */
  readonly parse: (text: string) => CacheDocument | undefined;
  /** Returns the time in milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Seconds that a user of on-behalf-of calls stays in the store after the last change: the time after which Entra stops
 * accepting an unused refresh token. Without a limit, an API would keep every user who ever called it.
 */
const UNUSED_USER_LIFETIME = 90 * 86_400;

/** Changes one partition in both the store and memory, or in neither. */
export async function updateStore<T>(
  { store, memory, parse, now }: StoreAccess,
  key: PartitionKey,
  change: (memory: TokenMemory) => T,
): Promise<T> {
  let outcome: { readonly result: T; readonly changed: CacheDocument | undefined } | undefined;
  await store.update(partitionName(key), (current) => {
    const document = parse(current ?? "");
    // Unreadable content is not overwritten; the tokens are kept in memory only.
    if (!document) {
      outcome = { result: change(memory), changed: undefined };
      return "keep";
    }
    const checkpoint = memory.checkpoint();
    try {
      loadPartition(memory, key, document);
      const result = change(memory);
      const changed = partitionDocument(memory, key);
      outcome = { result, changed: changed ?? {} };
      const seconds = now() / 1000;
      const expiry = memory.partitions.get(key)?.lastExpiry(seconds + UNUSED_USER_LIFETIME) ?? 0;
      return changed ? stored(changed, expiry - seconds) : "remove";
    } finally {
      // The store may still fail, or call again with newer content, so the change is undone until the store has
      // committed.
      checkpoint.rollBack();
    }
  });
  if (!outcome) throw clientAuthError("invalid_cache_content", "cache.store.update did not call its change.");
  if (outcome.changed) loadPartition(memory, key, outcome.changed);
  return outcome.result;
}

/** @param seconds until the last token expires; `Infinity` if unknown */
function stored(document: CacheDocument, seconds: number): PartitionUpdate {
  const text = JSON.stringify(document);
  return Number.isFinite(seconds)
    ? { document: text, timeToLive: Math.max(1, Math.ceil(seconds)) }
    : { document: text };
}
