import type { Reply, Word } from "./connection/connection.js";
import type { Script } from "./connection/script.js";

/** What the store sends, bounded in time: `"unavailable"` if there is no answer. Other errors are thrown. */
export interface Commands {
  read(name: string, keys: readonly string[], rest?: readonly Word[]): Promise<Reply | "unavailable">;
  readBy(
    script: Script,
    keys: readonly string[],
    parameters: readonly Word[],
  ): Promise<Reply | "unavailable">;
  write(script: Script, keys: readonly string[], parameters: readonly Word[]): Promise<Reply | "unavailable">;
}
