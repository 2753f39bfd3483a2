// Both libraries behind one type, for tests that make the same call through each.
import * as msal from "@azure/msal-node";
import * as tessera from "@tessera/node";

/** What a test calls. Tessera is a drop-in replacement, so its types describe the calls to both. */
export type Library = typeof tessera;

/** `@azure/msal-node`. Its enums and classes are other types with the same members, which only a cast can say. */
export const peer = msal as unknown as Library;

/** Tessera behind the peer's types, for tests of what the peer's types allow. */
export const tesseraAsPeer = tessera as unknown as typeof msal;

export const libraries: readonly (readonly [string, Library])[] = [
  ["tessera", tessera],
  ["the peer", peer],
];
