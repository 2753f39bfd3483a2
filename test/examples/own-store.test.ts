// The store of the guide docs/token-stores.md, as its reader runs it: with the test runner of Node.js.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "@jest/globals";
import { assertBuilt, root } from "../packages/workspace.js";

const folder = join(root, "examples/sqlite-store");
beforeAll(assertBuilt);

test("the store has less than 150 lines", () => {
  expect(readFileSync(join(folder, "sqlite-store.mjs"), "utf8").split("\n").length).toBeLessThanOrEqual(150);
});

// Node.js has SQLite from 22.13 on.
const onNodeWithSqlite = isBuiltin("node:sqlite") ? test : test.skip;
onNodeWithSqlite("the store keeps the contract of a token store", async () => {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const arguments_ = ["--test", "--test-reporter=tap", "sqlite-store.test.mjs"];
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, { cwd: folder, env });
  expect(stdout).toMatch(/^# pass (?:[2-9]\d)$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
