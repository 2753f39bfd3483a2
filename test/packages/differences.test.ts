// Every difference from the peer that docs/differences.md lists is held by a test, which the row names.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { root } from "./workspace.js";

const rows = readFileSync(join(root, "docs/differences.md"), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| "))
  // A bar that is part of a cell is escaped.
  .map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  .filter((cells) => cells.length === 5)
  .filter(([what = ""]) => !/^(subject|-+)$/i.test(what));

test("there are rows to look at", () => {
  expect(rows.length).toBeGreaterThan(120);
});

test.each(rows.map((cells) => [cells[0] ?? "", cells[4] ?? ""]))("%s: %s", (_, named) => {
  const files = named.split(",").map((name) => name.trim());
  const missing = files.filter(
    (name) => !["test/interop", "test"].some((folder) => existsSync(join(root, folder, `${name}.test.ts`))),
  );
  expect(missing).toEqual([]);
});
