// Compiles programs against the declarations as they are built, as an app does that has installed the packages.
import { fileURLToPath } from "node:url";
import ts from "typescript";

const options: ts.CompilerOptions = {
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
  target: ts.ScriptTarget.ES2023,
  strict: true,
  noEmit: true,
  types: ["node"],
};

const parsed = new Map<string, ts.SourceFile | undefined>();

export interface Checked {
  readonly program: ts.Program;
  readonly file: ts.SourceFile;
  /** What the compiler has to say, of the declarations, too. */
  errors(): string[];
}

/** @param source an ES module that lies in this folder */
export function checked(source: string): Checked {
  const path = fileURLToPath(new URL("published-program.mts", import.meta.url));
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, language) => {
    if (name === path) return ts.createSourceFile(path, source, language);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, language));
    return parsed.get(name);
  };
  const program = ts.createProgram([path], options, host);
  const file = program.getSourceFile(path);
  if (!file) throw new Error("the program was not read");
  return {
    program,
    file,
    errors: () =>
      program
        .getSourceFiles()
        .filter((one) => one === file || /packages[\\/][a-z-]+[\\/]dist/.test(one.fileName))
        .flatMap((one) => [...program.getSyntacticDiagnostics(one), ...program.getSemanticDiagnostics(one)])
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n")),
  };
}
