import type { CacheState, TokenMemory } from "./token-memory.js";
import {
  addForeign,
  DocumentWriter,
  partitionOf,
  readDocument,
  type CacheDocument,
} from "../schema/document.js";
import { partsOf, pause } from "../schema/in-slices.js";
import { isEntry, type Entry } from "./entry.js";
import { Partition } from "./partition.js";
import { PARTITION_KINDS, type PartitionKey, type PartitionKind } from "./partition-key.js";

/**
 * Loads a document.
 *
 * @param document parsed JSON; unknown content is preserved
 * @param replace replace the current content, at once after the whole document has been read
 */
export function loadDocument(memory: TokenMemory, document: CacheDocument, replace: boolean): void {
  const loading = new Loading(memory, replace ? memory.emptyState() : memory.state);
  loading.read(document);
  loading.end();
}

/** Loads a large document in place of the current content, and lets others have their turn meanwhile. */
export async function loadInSlices(memory: TokenMemory, document: CacheDocument): Promise<void> {
  const loading = new Loading(memory, memory.emptyState());
  for await (const part of partsOf(document)) loading.read(part);
  loading.end();
}

/** A document that is being loaded. */
class Loading {
  readonly #memory: TokenMemory;
  readonly #state: CacheState;
  readonly #metadata: Map<string, Entry<"AppMetadata">>;
  readonly #read: Readonly<Record<PartitionKind, Map<string, Partition>>> = {
    user: new Map(),
    app: new Map(),
    assertion: new Map(),
  };
  /** Partitions that had content before. */
  readonly #known = new Set<Partition>();

  constructor(memory: TokenMemory, state: CacheState) {
    this.#memory = memory;
    this.#state = state;
    this.#metadata = new Map(state.appMetadata);
  }

  /** Reads the document, or a part of it. */
  read(document: CacheDocument): void {
    readDocument(document, {
      entry: (entry) => this.#add(entry),
      foreign: (section, key, value) => addForeign(this.#state.foreign, section, key, value),
    });
  }

  /** Takes over what was read. */
  end(): void {
    const state = this.#state;
    for (const kind of PARTITION_KINDS) {
      for (const [id, partition] of this.#read[kind]) state.partitions.set({ kind, id }, partition);
    }
    state.appMetadata = this.#metadata;
    state.index = undefined;
    this.#memory.replace(state);
  }

  #add(entry: Entry): void {
    if (isEntry(entry, "AppMetadata")) {
      this.#metadata.set(entry.key, entry);
      return;
    }
    const key = partitionOf(entry);
    const partitions = this.#read[key.kind];
    let partition = partitions.get(key.id);
    if (!partition) {
      const before = this.#state.partitions.get(key);
      partition = before?.copy() ?? new Partition();
      if (before) this.#known.add(partition);
      partitions.set(key.id, partition);
    }
    // Keys are unique within a document.
    if (this.#known.has(partition)) partition.put(entry);
    else partition.append(entry);
  }
}

/** Returns the document of the whole cache. */
export function wholeDocument({ state }: TokenMemory): CacheDocument {
  const writer = new DocumentWriter();
  for (const partition of partitionsOf(state)) writer.addAll(partition);
  return finished(writer, state);
}

/** Does the same in slices. What changes meanwhile may be missing or not. */
export async function wholeDocumentInSlices({ state }: TokenMemory): Promise<CacheDocument> {
  const writer = new DocumentWriter();
  let added = 0;
  for (const partition of [...partitionsOf(state)]) {
    writer.addAll(partition);
    if ((added += 1) % PARTITIONS === 0) await pause();
  }
  return finished(writer, state);
}

/** The number of partitions of a slice. */
const PARTITIONS = 250;

function* partitionsOf({ partitions }: CacheState): Iterable<Partition> {
  for (const kind of PARTITION_KINDS) yield* partitions.all(kind);
}

function finished(writer: DocumentWriter, { appMetadata, foreign }: CacheState): CacheDocument {
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
