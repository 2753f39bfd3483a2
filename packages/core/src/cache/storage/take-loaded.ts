import { loadPartition } from "../memory/load-and-dump.js";
import type { Entry, Partition } from "../memory/partition.js";
import type { PartitionKey } from "../memory/partition-key.js";
import type { TokenMemory } from "../memory/token-memory.js";
import type { CacheDocument } from "../schema/document.js";
import type { StoredPartition } from "./token-store.js";
import type { Unsaved } from "./unsaved.js";

/** Maximum number of replaced refresh tokens that a partition remembers. */
const MOST_REPLACED = 8;

/** Where a loaded partition goes. */
export interface Destination {
  readonly memory: TokenMemory;
  readonly unsaved: Unsaved;
  readonly parse: (text: string) => CacheDocument | undefined;
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/**
 * Puts a partition that was loaded in the place of the one in memory. A store that has failed over may have lost its last
 * changes and return an older document. A refresh token that has been replaced is never the current one again, so the
 * newer one stays in memory and is stored again. Clocks do not matter for that.
 */
export function takeLoaded(
  { memory, unsaved, parse, now, warn }: Destination,
  key: PartitionKey,
  name: string,
  { document: text, version }: StoredPartition,
): void {
  const document = parse(text);
  // Unreadable content does not replace the cache in memory.
  if (!document) return;
  const held = memory.partitions.peek(key);
  loadPartition(memory, key, document);
  const partition = memory.partitions.peek(key);
  if (!partition) return;
  if (!held || !keepNewer(held, partition)) {
    partition.stored = { name, version };
    noteReplaced(held, partition);
    return;
  }
  partition.replaced = held.replaced;
  warn("The store has lost changes: newer refresh tokens are kept and stored again.");
  const change = (scratch: TokenMemory): void => {
    const copy = scratch.partitions.peek(key)?.copy();
    if (copy && keepNewer(partition, copy)) scratch.put(key, copy);
  };
  unsaved.add(name, change, { of: key, base: undefined, since: now() });
  // A store that throws has been logged, and is asked again later.
  unsaved.settle(name).catch(() => undefined);
}

/** Takes over a partition that was changed apart. */
export function adoptPartition(
  memory: TokenMemory,
  key: PartitionKey,
  scratch: TokenMemory,
): Partition | undefined {
  const held = memory.partitions.peek(key);
  const partition = memory.adopt(key, scratch);
  if (partition) noteReplaced(held, partition);
  return partition;
}

/** Replaces refresh tokens by those in memory that have replaced them. Returns whether there were any. */
function keepNewer(held: Partition, partition: Partition): boolean {
  const { replaced } = held;
  if (!replaced) return false;
  const newer: Entry[] = [];
  for (const older of partition.all("RefreshToken")) {
    if (!replaced.includes(older.entity.secret)) continue;
    const successor = held.find("RefreshToken", ({ key }) => key === older.key);
    if (successor) newer.push(successor);
  }
  for (const entry of newer) partition.put(entry);
  return newer.length > 0;
}

/** Notes the refresh tokens in memory that others have replaced. */
function noteReplaced(before: Partition | undefined, after: Partition): void {
  if (!before || before === after) return;
  const replaced = [...(before.replaced ?? [])];
  for (const { key, entity } of before.all("RefreshToken")) {
    const successor = after.find("RefreshToken", (entry) => entry.key === key);
    if (successor && successor.entity.secret !== entity.secret) replaced.push(entity.secret);
  }
  after.replaced = replaced.length > 0 ? replaced.slice(-MOST_REPLACED) : undefined;
}
