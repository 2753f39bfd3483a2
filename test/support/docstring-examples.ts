// Finds the examples in docstrings: the ts blocks after each `@example` tag in the packages' sources.
import { readFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import ts from "typescript";
import { exportedNames } from "../packages/source-rules.js";
import { packages, root, sources, type Package } from "../packages/workspace.js";

/** One ts block of an `@example` tag. */
export interface DocstringExample {
  /** `node/src/client-application.ts:130 getAccounts`: the line of the block, and the function or method it documents. */
  readonly title: string;
  readonly code: string;
  /** The names of `example-scope.ts` that it uses. */
  readonly names: readonly string[];
  /** The block as a TypeScript module: its default export runs it, given the names in scope. */
  readonly module: string;
  /** The lines of `module` before the block. */
  readonly offset: number;
  /** Line of the block's first line in the source file, counted from 1. */
  readonly line: number;
}

const DOCSTRING = /\/\*\*[^]*?\*\//g;
const BLOCK = /^```ts\n([^]*?)\n```$/gm;

/** The ts blocks after the `@example` tags of a docstring, each with the number of lines before it. */
export function blocksOf(docstring: string): readonly { readonly code: string; readonly line: number }[] {
  const text = docstring.replaceAll(/^ *(?:\/\*\*|\*\/|\*) ?/gm, "");
  return [...text.matchAll(/^@example\b[^]*?(?=^@\w|$(?![^]))/gm)].flatMap((tag) =>
    [...tag[0].matchAll(BLOCK)].map((block) => ({
      code: block[1] ?? "",
      line: text.slice(0, tag.index + block.index).split("\n").length,
    })),
  );
}

/** Every example of every package. */
export function docstringExamples(): readonly DocstringExample[] {
  return packages.flatMap((pkg) => sources(pkg).flatMap((file) => examplesOf(pkg, file)));
}

function examplesOf(pkg: Package, file: string): readonly DocstringExample[] {
  const source = readFileSync(file, "utf8");
  return [...source.matchAll(DOCSTRING)].flatMap(({ 0: docstring, index }) =>
    blocksOf(docstring).map(({ code, line: linesBefore }) => {
      const line = source.slice(0, index).split("\n").length + linesBefore;
      const where = `${relative(join(root, "packages"), file)}:${line}`;
      const title = `${where} ${declaredName(source.slice(index + docstring.length))}`;
      return { title, code, line, ...moduleOf(code, pkg) };
    }),
  );
}

/** The members of the interface `ExampleScope`. */
const scopeNames: readonly string[] = (() => {
  const path = join(root, "test/support/example-scope.ts");
  const file = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  return file.statements
    .filter(ts.isInterfaceDeclaration)
    .filter(({ name }) => name.text === "ExampleScope")
    .flatMap(({ members }) => members.map((member) => member.name?.getText() ?? ""));
})();

/** The name of what is declared at the start of a source text. */
function declaredName(source: string): string {
  const head = source.trimStart().split(/[({<;=]/, 1)[0] ?? "";
  return (
    head
      .trim()
      .split(/\s+/)
      .find((word) => !MODIFIER.test(word)) ?? ""
  );
}

const MODIFIER = /^(export|abstract|async|override|readonly|class|function|interface|const)$/;

function moduleOf(code: string, pkg: Package): Pick<DocstringExample, "module" | "names" | "offset"> {
  const parsed = ts.createSourceFile("example.ts", code, ts.ScriptTarget.Latest, true);
  const imports = parsed.statements.filter(ts.isImportDeclaration);
  const words = new Set(code.match(/[\w$]+/g) ?? []);
  const imported = new Set(imports.flatMap((declaration) => declaration.getText().match(/[\w$]+/g) ?? []));
  const automatic = automaticImports(pkg).filter(([name]) => words.has(name) && !imported.has(name));
  const names = scopeNames.filter((name) => words.has(name));
  // An import stays on its line, as a blank one, so that lines can be counted.
  const body = imports.reduce(
    (text, { pos, end }) =>
      text.slice(0, pos) + text.slice(pos, end).replaceAll(/[^\n]/g, " ") + text.slice(end),
    code,
  );
  const head = [
    'import type { ExampleScope } from "../support/example-scope.js";',
    ...imports.map((declaration) => declaration.getText().replaceAll("\n", " ")),
    ...automatic.map(([name, from]) => `import { ${name} } from "${from}";`),
    `export default async ({ ${names.join(", ")} }: ExampleScope): Promise<void> => { {`,
  ];
  return { module: [...head, body, "} };", ""].join("\n"), names, offset: head.length };
}

/** Names that the examples of a package may use without importing them, and where they come from. */
function automaticImports({ folder, manifest }: Package): readonly (readonly [string, string])[] {
  const own = exportedNames(join(folder, "src/index.ts"));
  const node = exportedNames(join(root, "packages/node/src/index.ts"));
  // Core's classes reach apps through @tessera/node.
  const more = basename(folder) === "core" ? node.filter((name) => !own.includes(name)) : [];
  return [
    ...own.map((name) => [name, manifest.name] as const),
    ...more.map((name) => [name, "@tessera/node"] as const),
  ];
}
