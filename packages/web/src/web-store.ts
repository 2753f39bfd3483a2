/**
 * What the processes of a website share: sessions, and identifiers that are accepted once. Redis has a command for each
 * method. Texts are opaque; an expired one is as one that was never there.
 */
export interface WebStore {
  /** Returns the text of a key, or nothing (`undefined` or `null`). */
  get(key: string): Promise<string | null | undefined>;
  /** Keeps a text for that many seconds, in place of an earlier one. */
  set(key: string, text: string, seconds: number): Promise<unknown>;
  /** Returns the text of a key and deletes it, in one step: of several callers, one gets it (`GETDEL`). */
  take(key: string): Promise<string | null | undefined>;
  delete(key: string): Promise<unknown>;
  /**
   * Keeps a text only if the key has none, in one step, and returns whether it did (`SET … NX`). Logout tokens and DPoP
   * proofs of several processes are then accepted once; without it, the store is asked and then told.
   */
  add?(key: string, text: string, seconds: number): Promise<boolean>;
}
