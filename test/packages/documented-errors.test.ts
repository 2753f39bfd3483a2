// docs/errors.md: every error code that is exported stands there, and those that are thrown with a cause and a remedy.
// proves: core/src/errors/error-codes.ts, persistence/src/errors.ts
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  AuthErrorCodes,
  ClientAuthErrorCodes,
  ClientConfigurationErrorCodes,
  InteractionRequiredAuthErrorCodes,
  ManagedIdentityErrorCodes,
} from "@tessera/node";
import { packages, root, sources } from "./workspace.js";

const exported: readonly string[] = [
  AuthErrorCodes,
  ClientAuthErrorCodes,
  ClientConfigurationErrorCodes,
  InteractionRequiredAuthErrorCodes,
  ManagedIdentityErrorCodes,
].flatMap((codes) => Object.values(codes));

const text = readFileSync(join(root, "docs/errors.md"), "utf8");
const [thrown = "", neverThrown = ""] = text.split("### Codes that nothing here throws");
const codesIn = (part: string): readonly string[] =>
  [...part.matchAll(/`([^`\s]+)`/g)].map(([, code = ""]) => code);
const rows = thrown
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
/** Codes of the tables that have a cause and a remedy. */
const explained = new Set(
  rows
    .filter((cells) => cells.length === 3 && cells.every(Boolean))
    .flatMap(([codes = ""]) => codesIn(codes)),
);
const listed = new Set(codesIn(neverThrown.split("###")[0] ?? ""));

/** What the packages that throw them say in code, comments left out. */
const source = packages
  .filter(({ manifest }) => ["@tessera/core", "@tessera/node"].includes(manifest.name))
  .flatMap(sources)
  .filter((file) => !/error-codes\.ts$|managed-identity-error\.ts$/.test(file))
  .map((file) => readFileSync(file, "utf8").replace(/^\s*(?:\*|\/\*|\/\/).*$/gm, ""))
  .join("\n");
const isThrown = (code: string): boolean => source.includes(`"${code}"`);

describe("docs/errors.md", () => {
  test.each(exported.filter(isThrown))("says what %s means, and what to do", (code) => {
    expect(explained).toContain(code);
    expect(listed).not.toContain(code);
  });

  test.each(exported.filter((code) => !isThrown(code)))("says that nothing here throws %s", (code) => {
    expect(listed).toContain(code);
  });

  test("names no code that is not exported", () => {
    const unknown = [...listed, ...explained].filter((code) => !exported.includes(code));
    // The first table of the page is about properties.
    expect(unknown.filter((code) => code.includes("_"))).toEqual([]);
  });
});
