// One process loads both builds, and one program the types of both: an object of either may be passed where the other's class
// is expected.
// proves: node/src/index.ts, core/src/index.ts, core/src/internal.ts, persistence/src/index.ts
import { expect, test } from "@jest/globals";
import ts from "typescript";
import { checked } from "./published-types.js";

const PACKAGES = [
  "@tessera/node",
  "@tessera/core",
  "@tessera/core/internal",
  "@tessera/core/testing",
  "@tessera/persistence",
];
const MODES = ["import", "require"] as const;

const { program: all, file: imports } = checked(
  PACKAGES.map(
    (library, at) => `import * as library${String(at)} from "${library}"; library${String(at)};`,
  ).join("\n"),
);
const checker = all.getTypeChecker();

/** The names of the classes that a package exports. */
function classesOf(library: string): readonly string[] {
  const specifier = imports.statements
    .flatMap((statement) => (ts.isImportDeclaration(statement) ? [statement.moduleSpecifier] : []))
    .find((one) => ts.isStringLiteral(one) && one.text === library);
  const module = specifier && checker.getSymbolAtLocation(specifier);
  return (module ? checker.getExportsOfModule(module) : []).flatMap((symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    return target.flags & ts.SymbolFlags.Class ? [symbol.name] : [];
  });
}

test.each(PACKAGES.filter((library) => classesOf(library).length > 0))(
  "%s: each class of one build is that of the other, in both directions",
  (library) => {
    const names = classesOf(library);
    const program = names.flatMap((name, at) => [
      ...MODES.map(
        (mode) =>
          `import type { ${name} as ${name}_${mode} } from "${library}" with { "resolution-mode": "${mode}" };`,
      ),
      `declare const i${String(at)}: ${name}_import; declare const r${String(at)}: ${name}_require;`,
      `export const a${String(at)}: ${name}_require = i${String(at)}; export const b${String(at)}: ${name}_import = r${String(at)};`,
    ]);
    expect(checked(program.join("\n")).errors()).toEqual([]);
  },
);

test("the classes are there: the applications, the cache, the log and the errors", () => {
  expect(classesOf("@tessera/node")).toEqual(
    expect.arrayContaining([
      "AuthError",
      "ConfidentialClientApplication",
      "CryptoProvider",
      "DistributedCachePlugin",
      "Logger",
      "PublicClientApplication",
      "TokenCache",
    ]),
  );
});

test("they are values of an ES module, too: constructed, extended, compared", () => {
  const program = `
    import { AuthError, Logger, LogLevel, PublicClientApplication, type Configuration } from "@tessera/node";
    class Own extends PublicClientApplication { constructor(c: Configuration) { super(c); this.logger.info("up"); } }
    export const level: LogLevel = LogLevel.Info;
    export const app = new Own({ auth: { clientId: "c" } });
    export const isAuthError = (error: unknown) => error instanceof AuthError && error.errorCode;
    export const logger: Logger = app.getLogger();`;
  expect(checked(program).errors()).toEqual([]);
});
