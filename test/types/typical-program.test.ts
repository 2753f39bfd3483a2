// Types are part of the promise: what compiles against the peer compiles against Tessera.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import ts from "typescript";

const program = fileURLToPath(new URL("typical-program.ts", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path));
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const parsed = new Map<string, ts.SourceFile | undefined>();

const libraries = ["@azure/msal-node", "@tessera/node"] as const;

test.each(libraries)("a typical program compiles with %s", (library) => {
  const source = readFileSync(program, "utf8").replace('from "@azure/msal-node"', `from "${library}"`);
  expect(source).toContain(`from "${library}"`);
  expect(errorsOf(source)).toEqual([]);
});

test("the scopes of a request may be read-only in Tessera, and therefore nothing can be pushed into them", () => {
  const source = (library: string, rest: string) =>
    `import type { SilentFlowRequest } from "${library}"; declare const known: readonly string[];
     export const f = (request: SilentFlowRequest) => ${rest}`;
  const [peer, tessera] = libraries.map((library) => ({
    readOnly: errorsOf(source(library, "({ ...request, scopes: known }) satisfies SilentFlowRequest;")),
    push: errorsOf(source(library, 'request.scopes.push("User.Read");')),
  }));
  expect(peer).toEqual({ readOnly: [expect.stringContaining("readonly")], push: [] });
  expect(tessera).toEqual({ readOnly: [], push: [expect.stringContaining("push")] });
});

/** What the compiler has to say about a program that lies beside this file. */
function errorsOf(source: string): string[] {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, language) => {
    if (path === program) return ts.createSourceFile(path, source, language);
    if (!parsed.has(path)) parsed.set(path, getSourceFile(path, language));
    return parsed.get(path);
  };
  const compiled = ts.createProgram([program], { ...options, types: ["node"] }, host);
  const errors = compiled.getSemanticDiagnostics(compiled.getSourceFile(program));
  return errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
