import type { Reply, Word } from "./connection/connection.js";
import type { Script } from "./connection/script.js";

/** The commands of the store, each with a timeout: `"unavailable"` if there is no reply. Other errors are thrown. */
export interface Commands {
  read(name: string, keys: readonly string[], rest?: readonly Word[]): Promise<Reply | "unavailable">;
  readBy(
    script: Script,
    keys: readonly string[],
    parameters: readonly Word[],
  ): Promise<Reply | "unavailable">;
  write(script: Script, keys: readonly string[], parameters: readonly Word[]): Promise<Reply | "unavailable">;
}
