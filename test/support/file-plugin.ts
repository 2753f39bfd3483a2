import { setImmediate as nextTurn } from "node:timers/promises";
import type { ICachePlugin } from "@tessera/node";

/** What is kept beyond the process. */
export interface StoredFile {
  text: string;
}

/** A plugin as apps write them: it reads and writes asynchronously, all of it, and notes what is asked of it. */
export function filePlugin(file: StoredFile, log: string[] = []): ICachePlugin {
  return {
    async beforeCacheAccess(context) {
      log.push(`before ${context.cacheHasChanged ? "a write" : "a read"}`);
      await nextTurn();
      context.tokenCache.deserialize(file.text);
    },
    async afterCacheAccess(context) {
      await nextTurn();
      if (context.cacheHasChanged) file.text = context.tokenCache.serialize();
      log.push(`after ${context.cacheHasChanged ? "a write" : "a read"}`);
    },
  };
}
