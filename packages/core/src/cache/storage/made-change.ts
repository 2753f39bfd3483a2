import { errorName } from "../../errors/error-name.js";
import { clientAuthError } from "../../errors/errors.js";
import { loadPartition, partitionDocument } from "../memory/load-and-dump.js";
import type { Partition } from "../memory/partition.js";
import type { PartitionKey } from "../memory/partition-key.js";
import type { TokenMemory } from "../memory/token-memory.js";
import { documentText } from "../schema/document-text.js";
import type { CacheDocument } from "../schema/document.js";
import { groupOf, lifetimeOf } from "./stored-partition.js";
import type { PartitionUpdate } from "./token-store.js";
import type { PartitionChange } from "./unsaved.js";

/** The content of one partition after a change of it. */
export interface Made<T> {
  readonly result: T;
  /** Holds the partition. */
  readonly scratch: TokenMemory;
  readonly update: PartitionUpdate;
}

/** Makes a change to a document, apart from the cache in memory, because the store may not take it. */
export function changeDocument<T>(
  memory: TokenMemory,
  key: PartitionKey,
  document: CacheDocument,
  change: (scratch: TokenMemory) => T,
): Made<T> {
  const scratch = memory.scratch();
  loadPartition(scratch, key, document);
  const { revision } = scratch;
  const result = change(scratch);
  const update = scratch.revision === revision ? "keep" : updateOf(scratch, key);
  return { result, scratch, update };
}

/** Makes a change to a partition in memory, which is not stored. */
export function changePartition<T>(
  memory: TokenMemory,
  key: PartitionKey,
  partition: Partition | undefined,
  change: (scratch: TokenMemory) => T,
): Made<T> {
  const scratch = memory.scratch();
  scratch.put(key, partition?.copy());
  return { result: change(scratch), scratch, update: "keep" };
}

/** Makes a change again, to content that is newer. If it does not fit that, the content stays as it is. */
export function changeAgain(
  change: PartitionChange<unknown>,
  scratch: TokenMemory,
  warn: (message: string) => void,
): void {
  try {
    change(scratch, true);
  } catch (error) {
    warn(`A change does not fit what is stored by now, and is dropped: ${errorName(error)}`);
  }
}

/** @throws ClientAuthError if a store has not called the change of an update */
export function requireMade<T>(made: Made<T> | undefined): Made<T> {
  if (made) return made;
  throw clientAuthError("cache_store_failed", "cache.store.update did not call its change.");
}

/** Returns how a partition is stored. */
export function updateOf(scratch: TokenMemory, key: PartitionKey): PartitionUpdate {
  const document = partitionDocument(scratch, key);
  const partition = scratch.partitions.peek(key);
  if (!document || !partition) return "remove";
  const timeToLive = lifetimeOf(partition, scratch.now() / 1000);
  return {
    document: documentText(document),
    group: groupOf(key, partition),
    ...(timeToLive === undefined ? {} : { timeToLive }),
  };
}
