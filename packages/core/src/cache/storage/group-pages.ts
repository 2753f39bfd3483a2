import { askStore } from "./ask-store.js";
import type { PartitionPage, TokenStore } from "./token-store.js";

/** Reads the partitions of a group, a page at a time. */
export async function* groupPages(
  { store, warn }: { readonly store: TokenStore; readonly warn: (message: string) => void },
  group: string,
): AsyncIterable<PartitionPage["partitions"] | "unavailable"> {
  let cursor: string | undefined;
  do {
    const page = await askStore("list", warn, () => store.list(group, cursor));
    if (page === "unavailable") {
      yield page;
      return;
    }
    yield page.partitions;
    ({ cursor } = page);
  } while (cursor !== undefined);
}
