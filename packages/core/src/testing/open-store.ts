import type { PartitionUpdate, TokenStore } from "../cache/storage/token-store.js";

/** A store that is open for one test. */
export interface OpenTokenStore {
  /** Empty, or with names of its own. */
  readonly store: TokenStore;
  /** The same partitions, as another process sees them; by default `store`. */
  readonly another?: TokenStore;
  /** Lets at least so many seconds pass; by default by waiting. */
  readonly pass?: (seconds: number) => Promise<void>;
  /** Makes what the store keeps its partitions in unreachable, until the returned function is called. */
  readonly cut?: () => Promise<() => Promise<void>>;
  readonly close?: () => Promise<void>;
}

/** One test of {@link tokenStoreTests}. */
export interface TokenStoreTest {
  readonly name: string;
  /** @throws an error that says what the store does not do */
  run(): Promise<void>;
}

/** What a test gets. */
export interface Opened extends Required<Pick<OpenTokenStore, "store" | "another" | "pass">> {
  readonly cut: OpenTokenStore["cut"];
}

/** The tests of one part of the contract, by their names. */
export type Tests = Readonly<Record<string, (opened: Opened) => Promise<void>>>;

/** Compares two values by their JSON. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [JSON.stringify(actual) ?? "undefined", JSON.stringify(expected) ?? "undefined"];
  if (is !== should) throw new Error(`${what} is ${shortened(is)}, and should be ${shortened(should)}.`);
}

/** Expects work to fail, and returns its error. */
export async function expectFailure(work: () => Promise<unknown>, what: string): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error(`${what} should fail.`);
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}

/** A change that stores a document. */
export function put(document: string, group = "group", timeToLive?: number): () => PartitionUpdate {
  return () => ({ document, group, ...(timeToLive === undefined ? {} : { timeToLive }) });
}

/** Stores a document, and returns its version. */
export async function stored(store: TokenStore, partition: string, document: string): Promise<string> {
  return versionOf(await store.update(partition, put(document)));
}

/** Returns the version of an update that has stored something. */
export function versionOf(outcome: Awaited<ReturnType<TokenStore["update"]>>): string {
  const version = typeof outcome === "object" ? outcome.version : undefined;
  if (typeof version === "string") return version;
  throw new Error(`The outcome of an update is ${JSON.stringify(outcome)}, and should have a version.`);
}

/** Returns what is stored: the document, or the answer that says why there is none. */
export async function documentOf(store: TokenStore, partition: string): Promise<string> {
  const loaded = await store.load(partition);
  return typeof loaded === "object" ? `document ${loaded.document}` : loaded;
}

/** Returns the documents of a group by the names of their partitions, page by page. */
export async function listed(store: TokenStore, group: string): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages === 0 || cursor !== undefined; pages += 1) {
    const page = await store.list(group, cursor);
    if (page === "unavailable") throw new Error("The store is unavailable.");
    for (const { partition, document } of page.partitions) found.push([partition, document]);
    if (page.cursor !== undefined && page.cursor === cursor)
      throw new Error("A page has its own cursor for the next one.");
    ({ cursor } = page);
  }
  return Object.fromEntries(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
