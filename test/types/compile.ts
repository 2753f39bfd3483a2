// Compiles programs that exist as text only, with the project's own compiler options.
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The libraries a program is compiled against. */
export const libraries = ["@azure/msal-node", "@tessera/node"] as const;

const root = fileURLToPath(new URL("../../", import.meta.url));
const { config } = ts.readConfigFile(`${root}tsconfig.json`, (path) => ts.sys.readFile(path));
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
const parsed = new Map<string, ts.SourceFile | undefined>();

/** A program that lies in this folder, and its only file. */
export function compile(source: string): { readonly program: ts.Program; readonly file: ts.SourceFile } {
  const path = fileURLToPath(new URL("program.ts", import.meta.url));
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, language) => {
    if (name === path) return ts.createSourceFile(path, source, language);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, language));
    return parsed.get(name);
  };
  const program = ts.createProgram([path], { ...options, types: ["node"] }, host);
  const file = program.getSourceFile(path);
  if (!file) throw new Error("the program was not read");
  return { program, file };
}

/** What the compiler has to say about a program. */
export function errorsOf(source: string): string[] {
  const { program, file } = compile(source);
  return program
    .getSemanticDiagnostics(file)
    .map(({ messageText, start = 0 }) =>
      [
        file.getLineAndCharacterOfPosition(start).line + 1,
        ts.flattenDiagnosticMessageText(messageText, "\n"),
      ].join(": "),
    );
}
