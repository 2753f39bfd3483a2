// Builds every package: ESM and CommonJS with source maps, and one bundled declaration file for both.
import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { dts } from "rollup-plugin-dts";
import { minify } from "terser";
import ts from "typescript";
import { noticesOf } from "./scripts/dependencies.mjs";

const root = dirname(fileURLToPath(import.meta.url));
const { options: compilerOptions } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, "tsconfig.base.json"), ts.sys.readFile).config,
  ts.sys,
  root,
);

/** Resolves `./token-cache.js` to `./token-cache.ts`, and removes the types and the comments (the declarations keep them). */
const typescript = {
  name: "typescript",
  resolveId(source, importer) {
    if (!importer || !source.startsWith(".")) return null;
    const file = resolve(dirname(importer), source.replace(/\.js$/, ".ts"));
    return existsSync(file) ? file : null;
  },
  transform(code, id) {
    const { outputText, sourceMapText } = ts.transpileModule(code, {
      fileName: id,
      compilerOptions: { ...compilerOptions, removeComments: true },
    });
    return { code: outputText, map: sourceMapText };
  },
};

/**
 * A command-line tool reads all of this before it does anything, and half the text takes half the time. What a stack trace
 * shows stays: functions and classes keep their names, and lines are short. The source map has the rest.
 */
const shorten = {
  name: "shorten",
  renderChunk: (code, _chunk, { format }) =>
    minify(code, {
      module: format === "es",
      compress: false,
      mangle: { toplevel: true },
      keep_fnames: true,
      keep_classnames: true,
      // One character outside ASCII and the whole file takes twice the memory.
      format: { max_line_len: 120, ascii_only: true },
      sourceMap: true,
    }),
};

/**
 * For an ES module that imports `node:fs`, Node.js makes a module with each of its hundred names: a millisecond of the
 * start of a command-line tool, which asking for the built-in module itself does without.
 */
const builtins = {
  name: "builtins",
  renderChunk: (code) => ({
    code: code.replace(
      /^import \{([^}]*)\} from '(node:[a-z_/]+)';$/gm,
      (_, names, module) =>
        `const {${names.replaceAll(" as ", ": ")}} = process.getBuiltinModule("${module}");`,
    ),
    map: null,
  }),
};

/**
 * In CommonJS, what can be required on first use is: Jest, as most apps run their tests, knows no `import()`. A bundler takes
 * what stands in a `try` for optional.
 */
const required = {
  name: "required",
  renderDynamicImport({ targetModuleId }) {
    const loaded = targetModuleId ?? "";
    if (loaded === "undici") return then("require(", ")");
    if (/^(@opentelemetry\/api|@tessera\/persistence|fast-xml-parser|keytar|node-forge)$/.test(loaded))
      return then("{ try { return require(", "); } catch (cause) { throw cause; } }");
    return loaded.startsWith("node:") ? then("require(", ")") : null;
  },
};
const then = (left, right) => ({ left: `Promise.resolve().then(() => ${left}`, right: `${right})` });

/**
 * `jose` is an ES module and nothing else, which neither Jest nor Node.js 20.18 can require: the CommonJS build has what it
 * uses of it in a file of its own, read on first use.
 */
const withJose = (folder) => ({
  name: "with-jose",
  resolveId: (source) =>
    source === "jose" ? createRequire(join(folder, "package.json")).resolve("jose") : null,
  banner: ({ isEntry }) =>
    isEntry ? "" : `/*! jose\n\n${readFileSync(join(folder, "node_modules/jose/LICENSE.md"), "utf8")}*/`,
});

/** The licenses of the packages that an installation brings, and of those whose code is in the build. */
const notices = (folder) => ({
  name: "notices",
  generateBundle(_options, bundle) {
    const modules = Object.values(bundle).flatMap(({ moduleIds = [] }) => moduleIds);
    const packages = modules.flatMap(
      (id) => /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(id)?.[1] ?? [],
    );
    const source = noticesOf(folder, [...new Set(packages)].sort());
    this.emitFile({ type: "asset", fileName: "THIRD-PARTY-NOTICES.md", source });
  },
});

const declarations = dts({ tsconfig: join(root, "tsconfig.base.json") });

/**
 * The ES module has the types of the CommonJS module: of two declarations of a class with private members, TypeScript makes
 * two types, and an object of the one could not be passed where the other is expected.
 */
const sameTypes = (name) => ({
  name: "same-types",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: `${name}.d.ts`, source: `export * from "./${name}.cjs";\n` });
  },
});

function configurationOf(folder) {
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const index = join(folder, "src/index.ts");
  if (!existsSync(index)) throw new Error(`${manifest.name}: ${relative(root, index)} does not exist`);

  rmSync(join(folder, "dist"), { recursive: true, force: true });

  const { dependencies, optionalDependencies, peerDependencies } = manifest;
  const dependencyNames = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
  const isExternal = (id) =>
    id.startsWith("node:") ||
    builtinModules.includes(id) ||
    dependencyNames.some((name) => id === name || id.startsWith(`${name}/`));

  const isCore = manifest.name === "@tessera/core";
  const takesJose = isCore || manifest.name === "@tessera/web";
  const code = isCore ? { internal: join(folder, "src/internal.ts") } : { index };
  const common = {
    external: isExternal,
    // An import that is neither a file nor a declared dependency must not reach the user.
    onwarn(warning) {
      throw new Error(`${manifest.name}: ${warning.message}`);
    },
  };
  const cli = join(folder, "src/cli.ts");
  // A command that scripts start again and again shares no file with the functions: each one more takes a millisecond.
  const isOften = manifest.name === "@tessera/cli";
  const hasCli = existsSync(cli) && !isOften;
  const output = {
    dir: join(folder, "dist"),
    sourcemap: true,
    exports: "named",
    hoistTransitiveImports: false,
    // One file per format: what is loaded on first use comes from other packages. Two entries share a chunk.
    inlineDynamicImports: !hasCli,
  };

  return [
    {
      ...common,
      input: hasCli ? { ...code, cli } : code,
      plugins: [typescript, builtins, shorten],
      output: {
        ...output,
        format: "es",
        chunkFileNames: "[name].js",
        banner: (chunk) => (chunk.isEntry && chunk.name === "cli" ? "#!/usr/bin/env node" : ""),
      },
    },
    {
      ...common,
      external: (id) => isExternal(id) && !(takesJose && id === "jose"),
      input: code,
      plugins: [typescript, required, ...(takesJose ? [withJose(folder)] : []), shorten, notices(folder)],
      output: {
        ...output,
        inlineDynamicImports: !takesJose,
        format: "cjs",
        entryFileNames: "[name].cjs",
        chunkFileNames: "jose.cjs",
      },
    },
    ...Object.entries(code).map(([name, input]) => ({
      ...common,
      input,
      plugins: [declarations, sameTypes(name)],
      output: { file: join(folder, `dist/${name}.d.cts`), format: "es" },
    })),
    ...(isCore ? face(index, output, common) : []),
    ...(isOften ? [command(cli, output, common)] : []),
    ...(isCore ? apart("testing", join(folder, "src/testing.ts"), { output, common }) : []),
  ];
}

/** A command: what each use of it needs is in one file, and what few need in others, which are loaded on first use. */
function command(input, output, common) {
  return {
    ...common,
    input: { cli: input },
    plugins: [typescript, builtins, shorten],
    output: {
      ...output,
      inlineDynamicImports: false,
      format: "es",
      chunkFileNames: "[name].js",
      banner: (chunk) => (chunk.isEntry ? "#!/usr/bin/env node" : ""),
    },
  };
}

/** The public names of core: the code stays in `internal`, so that both entries hand out the same classes. */
function face(index, output, common) {
  const internal = {
    name: "internal",
    resolveId: (source) => (source === "./internal.js" ? { id: source, external: true } : null),
  };
  const toCommonJs = { paths: { "./internal.js": "./internal.cjs" } };
  const plugins = [internal, typescript, shorten];
  return [
    {
      ...common,
      input: { index },
      plugins,
      output: [
        { ...output, format: "es" },
        { ...output, format: "cjs", entryFileNames: "[name].cjs", ...toCommonJs },
      ],
    },
    {
      ...common,
      input: index,
      plugins: [internal, declarations, sameTypes("index")],
      output: { file: join(output.dir, "index.d.cts"), format: "es", ...toCommonJs },
    },
  ];
}

/** An entry that shares no code with the others. */
function apart(name, file, { output, common }) {
  return [
    {
      ...common,
      input: { [name]: file },
      plugins: [typescript, shorten],
      output: [
        { ...output, format: "es" },
        { ...output, format: "cjs", entryFileNames: "[name].cjs" },
      ],
    },
    {
      ...common,
      input: file,
      plugins: [declarations, sameTypes(name)],
      output: { file: join(output.dir, `${name}.d.cts`), format: "es" },
    },
  ];
}

export default readdirSync(join(root, "packages"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .flatMap((entry) => configurationOf(join(root, "packages", entry.name)));
