// The guides leave nothing out: every exported name, method, option and example is spoken of.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import ts from "typescript";
import { packages, root } from "./workspace.js";

const guides = readdirSync(join(root, "docs"))
  .filter((file) => file.endsWith(".md"))
  .map((file) => readFileSync(join(root, "docs", file), "utf8"))
  .join("\n");
/** Every word that is code. */
const words = new Set(
  [...guides.matchAll(/```.*?```|`[^`\n]+`/gs)].flatMap(([code]) => code.match(/[\w$]+/g) ?? []),
);
const missing = (names: readonly string[]): readonly string[] => names.filter((name) => !words.has(name));

const entryOf = (folder: string): string => join(folder, "src/index.ts");
const published = packages.filter(({ manifest }) => manifest.name !== "@tessera/core");
const program = ts.createProgram(
  published.map(({ folder }) => entryOf(folder)),
  { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022, strict: true, types: ["node"] },
);
const checker = program.getTypeChecker();

function exportsOf(entry: string): readonly ts.Symbol[] {
  const file = program.getSourceFile(entry);
  const symbol = file && checker.getSymbolAtLocation(file);
  return symbol ? checker.getExportsOfModule(symbol) : [];
}

/** The public members of a class or an interface. */
function membersOf(exported: ts.Symbol): readonly string[] {
  const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
  return checker
    .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
    .filter(({ declarations = [] }) => declarations.every(isPublic))
    .map(({ name }) => name);
}

function isPublic(declaration: ts.Declaration): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  const isInternal = ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === "internal");
  const name = ts.getNameOfDeclaration(declaration);
  return (
    !isInternal &&
    !(ts.getCombinedModifierFlags(declaration) & hidden) &&
    !(name && ts.isPrivateIdentifier(name))
  );
}

describe.each(published.map(({ manifest, folder }) => [manifest.name, entryOf(folder)] as const))(
  "the guides name, of %s,",
  (_, entry) => {
    const exported = exportsOf(entry);

    test("every export", () => {
      expect(exported.length).toBeGreaterThan(3);
      expect(missing(exported.map(({ name }) => name))).toEqual([]);
    });

    const shown = exported.filter(({ name }) =>
      /^(\w+Application|TokenCache|AuthenticationResult|AccountInfo|LocalAuthority)$|Options$|^(?!Native)\w+Request$/.test(
        name,
      ),
    );
    test.each(shown.map((symbol) => [symbol.name, symbol] as const))(
      "every member of %s",
      (_name, symbol) => {
        expect(missing(membersOf(symbol))).toEqual([]);
      },
    );
  },
);

test.each(readdirSync(join(root, "examples")))("the guides lead to the example %s", (example) => {
  expect(guides).toContain(`](../examples/${example}/${example}.mjs)`);
});
