// Compiles all examples in docstrings in one program, and answers questions about the packages' exports from the same one.
import { join } from "node:path";
import ts from "typescript";
import { packages, root } from "../packages/workspace.js";
import { blocksOf, type DocstringExample } from "./docstring-examples.js";

/** The compiled examples. */
export interface CompiledExamples {
  /** What the compiler objects to in an example, by the line of the docstring it is in. */
  errorsOf(example: DocstringExample): readonly string[];
  /** The example as CommonJS, and the modules it imports. */
  emit(example: DocstringExample): { readonly code: string; readonly imports: readonly string[] };
  /** The exported functions and the public methods of exported classes that have no example. */
  withoutExample(packageFolder: string): readonly string[];
}

/** The twelve level methods of a `Logger` are one method at six levels: the example of any of them serves all. */
const LEVEL_METHOD = /^(error|warning|info|verbose|trace)(Pii)?$/;

const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path));
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);

/** Makes the program. */
export function compileExamples(examples: readonly DocstringExample[]): CompiledExamples {
  const modules = new Map(examples.map((example, index) => [pathOf(index), example.module]));
  const paths = new Map(examples.map((example, index) => [example, pathOf(index)]));
  const program = createProgram(modules);
  const checker = program.getTypeChecker();
  const fileOf = (example: DocstringExample): ts.SourceFile => {
    const file = program.getSourceFile(paths.get(example) ?? "");
    if (!file) throw new Error(`${example.title} is not a part of the program`);
    return file;
  };

  return {
    errorsOf: (example) => {
      const file = fileOf(example);
      const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return found.map(({ messageText, start = 0 }) => {
        const line = file.getLineAndCharacterOfPosition(start).line - example.offset + example.line;
        return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`;
      });
    },
    emit: ({ module }) => {
      const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2023 };
      const { outputText: code } = ts.transpileModule(module, { compilerOptions });
      return {
        code,
        imports: ts.preProcessFile(code, true, true).importedFiles.map(({ fileName }) => fileName),
      };
    },
    withoutExample: (packageFolder) => {
      const index = program.getSourceFile(declarationsOf(packageFolder));
      const symbol = index && checker.getSymbolAtLocation(index);
      if (!symbol) throw new Error(`${packageFolder} has no declarations`);
      return checker
        .getExportsOfModule(symbol)
        .map((it) => (it.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(it) : it))
        .flatMap((it) => [...missingFunction(it, checker), ...missingMethods(it, checker)]);
    },
  };
}

/** What a package declares, docstrings included. */
const declarationsOf = (packageFolder: string): string => join(packageFolder, "dist/index.d.ts");

/** A file that does not exist: its folder decides how it finds the modules it imports. */
const pathOf = (index: number): string => join(root, `test/examples/docstring-example-${index}.ts`);

function createProgram(modules: ReadonlyMap<string, string>): ts.Program {
  const compilerOptions: ts.CompilerOptions = {
    ...options,
    // The declarations, as an app sees them: the sources are half as much again to read and check.
    paths: {},
    allowJs: false,
    verbatimModuleSyntax: false,
    types: ["node"],
  };
  const host = ts.createCompilerHost(compilerOptions);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => modules.has(path) || fileExists(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = modules.get(path);
    return text === undefined
      ? getSourceFile(path, languageVersion)
      : ts.createSourceFile(path, text, languageVersion);
  };
  const entries = packages.map(({ folder }) => declarationsOf(folder));
  return ts.createProgram([...entries, ...modules.keys()], compilerOptions, host);
}

function missingFunction(symbol: ts.Symbol, checker: ts.TypeChecker): readonly string[] {
  const { declarations = [], valueDeclaration } = symbol;
  if (!valueDeclaration || ts.isClassDeclaration(valueDeclaration)) return [];
  const isFunction =
    checker.getTypeOfSymbolAtLocation(symbol, valueDeclaration).getCallSignatures().length > 0;
  return isFunction && !declarations.some(hasExample) ? [symbol.name] : [];
}

/** Constructors and accessors need no example of their own. */
function missingMethods(symbol: ts.Symbol, checker: ts.TypeChecker): readonly string[] {
  const { valueDeclaration: declaration } = symbol;
  if (!declaration || !ts.isClassDeclaration(declaration)) return [];
  const methods = declaration.members.filter(ts.isMethodDeclaration).filter(isPublic);
  const exemplary = methods.filter((method) => isExemplary(method, declaration, checker)).map(nameOf);
  const levels = exemplary.some((name) => LEVEL_METHOD.test(name));
  return methods
    .map(nameOf)
    .filter((name) => !exemplary.includes(name) && !(levels && LEVEL_METHOD.test(name)))
    .map((name) => `${symbol.name}.${name}`);
}

/** Whether a method has an example of its own, or inherits one. */
function isExemplary(
  method: ts.MethodDeclaration,
  { heritageClauses }: ts.ClassDeclaration,
  checker: ts.TypeChecker,
): boolean {
  if (hasExample(method)) return true;
  if (!/@inheritdoc\b/i.test(docstringOf(method))) return false;
  return (heritageClauses ?? [])
    .flatMap(({ types }) => types.map((type) => checker.getTypeAtLocation(type).getProperty(nameOf(method))))
    .some((inherited) => inherited?.declarations?.some(hasExample));
}

function isPublic(method: ts.MethodDeclaration): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  return (
    !(ts.getCombinedModifierFlags(method) & hidden) &&
    !ts.isPrivateIdentifier(method.name) &&
    !/@internal\b/.test(docstringOf(method))
  );
}

const nameOf = (method: ts.MethodDeclaration): string => method.name.getText();
const hasExample = (node: ts.Node): boolean => blocksOf(docstringOf(node)).length > 0;

function docstringOf(node: ts.Node): string {
  const owner = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts
    .getJSDocCommentsAndTags(owner)
    .filter(ts.isJSDoc)
    .map((docstring) => docstring.getText())
    .join("\n");
}
