import { watch, type FSWatcher } from "node:fs";
import { basename } from "node:path";
import type { AccountFiles } from "./command-line.js";

/** Watches the files in which a tool notes the account that is signed in. It never keeps the process alive. */
export interface AccountWatch {
  /**
   * Starts watching the folders that are not watched yet.
   *
   * @returns whether all that have to be there are watched
   */
  start(): boolean;
}

/**
 * @param files folders and names; the folder is watched, because tools replace their files
 * @param changed called after each change
 */
export function createAccountWatch(files: readonly AccountFiles[], changed: () => void): AccountWatch {
  const watchers = new Map<AccountFiles, FSWatcher>();
  const begin = (of: AccountFiles): void => {
    const stop = (): void => {
      watcher.close();
      if (watchers.get(of) === watcher) watchers.delete(of);
      changed();
    };
    const watcher = watch(of.folder, { persistent: false }, (_, name) => {
      // The folder itself was removed or renamed, or the platform does not tell the name.
      if (name === null || name === basename(of.folder)) stop();
      else if (of.names.test(name)) changed();
    });
    watcher.on("error", stop);
    watchers.set(of, watcher);
  };
  return {
    start() {
      for (const of of files) {
        if (watchers.has(of)) continue;
        try {
          begin(of);
        } catch {
          // The folder does not exist, or the system has no watch left.
        }
      }
      return files.every((of) => of.isOptional || watchers.has(of));
    },
  };
}
