// Run it with: node --test sqlite-store.test.mjs
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { tokenStoreTests } from "@tessera/core/testing";
import { openSqliteStore } from "./sqlite-store.mjs";

const tests = tokenStoreTests(async () => {
  const folder = mkdtempSync(join(tmpdir(), "sqlite-store-"));
  let time = Date.now();
  const options = { now: () => time };
  const file = join(folder, "tokens.db");
  const [store, another] = [openSqliteStore(file, options), openSqliteStore(file, options)];
  return {
    store,
    another,
    pass: async (seconds) => void (time += seconds * 1000),
    close: async () => {
      store.close();
      another.close();
      rmSync(folder, { recursive: true });
    },
  };
});
for (const { name, run } of tests) test(name, run);
