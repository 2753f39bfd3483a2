// Tests that use the packages as published do not show what they were before their last change.
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { assertBuilt, type Package } from "./workspace.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "built-"));
  for (const part of ["src/room", "dist"]) mkdirSync(join(folder, part), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));
/** @param changed seconds since the epoch */
const write = (file: string, changed: number): void => {
  writeFileSync(join(folder, file), "");
  utimesSync(join(folder, file), changed, changed);
};
const check = (): void => {
  const pkg: Package = { folder, manifest: { name: "@tessera/example", version: "1.0.0" } };
  assertBuilt([pkg]);
};

test("a package that has not been built is refused", () => {
  expect(check).toThrow("@tessera/example is not built: run npm run build");
});

test("a package that has changed since it was built is refused, with the file that has changed", () => {
  write("src/room/one.ts", 1000);
  write("dist/index.js", 1001);
  expect(check).not.toThrow();
  write("src/room/one.ts", 1002);
  expect(check).toThrow(
    /^@tessera\/example has changed since it was built \(.*one\.ts\): run npm run build$/,
  );
});
