import type { TokenMemory } from "./token-memory.js";
import {
  addForeign,
  DocumentWriter,
  partitionOf,
  readDocument,
  type CacheDocument,
} from "../schema/document.js";
import { isEntry } from "./entry.js";
import { Partition } from "./partition.js";
import { PARTITION_KINDS, type PartitionKey, type PartitionKind } from "./partition-key.js";

/**
 * Loads a document.
 *
 * @param document parsed JSON; unknown content is preserved
 * @param replace replace the current content, at once after the whole document has been read
 */
export function loadDocument(memory: TokenMemory, document: CacheDocument, replace: boolean): void {
  const state = replace ? memory.emptyState() : memory.state;
  const metadata = new Map(state.appMetadata);
  const read: Readonly<Record<PartitionKind, Map<string, Partition>>> = {
    user: new Map(),
    app: new Map(),
    assertion: new Map(),
  };
  /** Partitions that had content before. */
  const known = new Set<Partition>();
  readDocument(document, {
    entry: (entry) => {
      if (isEntry(entry, "AppMetadata")) {
        metadata.set(entry.key, entry);
        return;
      }
      const key = partitionOf(entry);
      const partitions = read[key.kind];
      let partition = partitions.get(key.id);
      if (!partition) {
        const before = state.partitions.get(key);
        partition = before?.copy() ?? new Partition();
        if (before) known.add(partition);
        partitions.set(key.id, partition);
      }
      // Keys are unique within a document.
      if (known.has(partition)) partition.put(entry);
      else partition.append(entry);
    },
    foreign: (section, key, value) => addForeign(state.foreign, section, key, value),
  });
  for (const kind of PARTITION_KINDS) {
    for (const [id, partition] of read[kind]) state.partitions.set({ kind, id }, partition);
  }
  state.appMetadata = metadata;
  state.index = undefined;
  memory.replace(state);
}

/** Returns the document of the whole cache. */
export function wholeDocument({ state: { partitions, appMetadata, foreign } }: TokenMemory): CacheDocument {
  const writer = new DocumentWriter();
  for (const kind of PARTITION_KINDS) {
    for (const [, partition] of partitions.entries(kind)) writer.addAll(partition);
  }
  for (const entry of appMetadata.values()) writer.add(entry);
  writer.addForeign(foreign);
  return writer.document();
}

/** Loads the document of one partition, replacing its current content. */
export function loadPartition(memory: TokenMemory, key: PartitionKey, document: CacheDocument): void {
  const partition = new Partition();
  readDocument(document, {
    entry: (entry) => {
      if (isEntry(entry, "AppMetadata")) memory.addAppMetadata(entry);
      partition.append(entry);
    },
    foreign: (section, entityKey, value) => addForeign((partition.foreign ??= {}), section, entityKey, value),
  });
  memory.put(key, partition);
}

/** Returns the document of one partition, or `undefined` when it is empty. */
export function partitionDocument(memory: TokenMemory, key: PartitionKey): CacheDocument | undefined {
  const partition = memory.partitions.get(key);
  if (!partition) return undefined;
  const writer = new DocumentWriter();
  const clients = new Set(Array.from(partition.all("RefreshToken"), ({ entity }) => entity.client_id));
  for (const entry of memory.state.appMetadata.values()) {
    if (clients.has(entry.entity.client_id)) writer.add(entry);
  }
  writer.addAll(partition);
  writer.addForeign(partition.foreign ?? {});
  return writer.document();
}
