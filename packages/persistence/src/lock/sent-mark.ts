import { closeSync, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { nodeCrypto } from "../node-crypto.js";
import { storageFailed } from "../errors.js";

/** A mark that a grant has been sent and that its outcome is not known yet. It outlives a process that is killed. */
export interface SentMark {
  /**
   * Marks a grant, unless it is marked already. Marks of other grants of the same name are removed: they have been replaced.
   *
   * @returns whether the grant may be sent
   * @throws PersistenceError
   */
  put(grant: string): boolean;
  /** Removes the mark that was put. */
  remove(): void;
}

/**
 * A mark is an empty file beside the tickets of the lock, whose name holds a hash of the grant.
 *
 * @param name that of the lock, which must be held
 */
export function sentMark(folder: string, name: string): SentMark {
  const prefix = `${name}-sent.`;
  let own: string | undefined;
  const remove = (mark: string): void => rmSync(join(folder, mark), { force: true });
  return {
    put(grant) {
      const mark = prefix + shortHash(grant, 32);
      // A form may be sent once more in the same turn.
      if (mark === own) return true;
      try {
        const marks = readdirSync(folder).filter((entry) => entry.startsWith(prefix));
        if (marks.includes(mark)) return false;
        closeSync(openSync(join(folder, mark), "wx", 0o600));
        marks.forEach(remove);
      } catch (error) {
        throw storageFailed(`The token cache cannot be locked in ${folder}`, error);
      }
      own = mark;
      return true;
    },
    remove() {
      try {
        if (own !== undefined) remove(own);
      } catch {
        // The outcome is known all the same. The next mark of this name removes it.
      }
    },
  };
}

/** The first characters of the SHA-256 of a text, in hexadecimal. */
export function shortHash(text: string, length: number): string {
  return nodeCrypto().createHash("sha256").update(text).digest("hex").slice(0, length);
}
