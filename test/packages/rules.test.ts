// What every package promises in its package.json, which package may import what, and how its source is laid out.
// proves: core/src/index.ts, core/src/internal.ts, core/src/version.ts, node/src/index.ts
import { readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "@jest/globals";
import ts from "typescript";
import { circles, exportedNames, longParameterLists } from "./source-rules.js";
import { packages, root, sources, type Package } from "./workspace.js";

/** The runtime dependencies that a package may have. A package not named here may have any. */
const allowedDependencies: Readonly<Record<string, readonly string[]>> = {
  "@tessera/core": ["jose", "lru-cache"],
  "@tessera/node": ["@tessera/core", "undici", "jose", "lru-cache"],
  "@tessera/persistence": ["@tessera/core"],
  "@tessera/redis": ["@tessera/core", "lru-cache"],
  "@tessera/mcp": ["@tessera/node"],
  "@tessera/web": ["@tessera/core", "@tessera/node", "jose"],
};

/** The modules that the source of a package may not import, also not dynamically. */
const forbiddenImports: Readonly<Record<string, RegExp>> = {
  "@tessera/core": /^node:(?!crypto$)|^(fs|http|https|net|os|path|tls|undici)$|^@tessera\//,
  // What an app keeps on disk may be asked for: an optional peer, loaded on first use.
  "@tessera/node": /^@tessera\/(?!core(\/internal)?$|persistence$)/,
  "@tessera/persistence": /^@tessera\/(?!core$)/,
  // The app's client is passed in: neither library is loaded.
  "@tessera/redis": /^@tessera\/(?!core(\/internal)?$)|^(redis|ioredis)$/,
  // The host passes the objects on to the SDK: it is not loaded.
  "@tessera/mcp": /^@tessera\/(?!node$)|^@modelcontextprotocol\//,
  // The frameworks are the app's: none is loaded.
  "@tessera/web": /^@tessera\/(?!(node|core\/internal)$)|^(express|fastify|hono|next)$/,
  "@tessera/local-authority": /^@tessera\//,
  // The command line is an app like others: it uses what they can use.
  "@tessera/cli": /^@tessera\/(?!(node|persistence|local-authority)$)/,
};

describe.each(packages.map((pkg) => [pkg.manifest.name, pkg] as const))("%s", (name, pkg) => {
  const { manifest } = pkg;

  test("describes itself", () => {
    expect(manifest).toMatchObject({ type: "module", sideEffects: false, license: "MIT", files: ["dist"] });
    // What undici asks for, and of Node.js 22 those that have process.getBuiltinModule; what pkijs asks for, also of a
    // package that has it.
    const range =
      manifest.name === "@tessera/local-authority" || manifest.name === "@tessera/cli"
        ? "^20.19.0 || >=22.12.0"
        : "^20.18.1 || >=22.3";
    expect(manifest.engines?.node).toBe(range);
    expect(manifest.description).toMatch(/\w/);
    expect(manifest.keywords?.length).toBeGreaterThan(0);
    expect(manifest.version).toBe(packages[0]?.manifest.version);
  });

  test("exports ESM and CommonJS, each with its own types", () => {
    const entry = (file: string): unknown => ({
      import: { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` },
      require: { types: `./dist/${file}.d.cts`, default: `./dist/${file}.cjs` },
    });
    expect(manifest.exports).toEqual({
      ".": entry("index"),
      ...(name === "@tessera/core" ? { "./internal": entry("internal"), "./testing": entry("testing") } : {}),
      "./package.json": "./package.json",
    });
  });

  test("runs no script when it is installed", () => {
    expect(
      Object.keys(manifest.scripts ?? {}).filter((script) => /install|prepare|prepublish/.test(script)),
    ).toEqual([]);
  });

  test("depends only on what it may", () => {
    const allowed = allowedDependencies[name];
    if (allowed) expect(allowed).toEqual(expect.arrayContaining(Object.keys(manifest.dependencies ?? {})));
  });

  test("imports only what it declares and may import", () => {
    const declared = Object.keys({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    });
    const isDeclared = (specifier: string) =>
      /^(node:|\.)/.test(specifier) ||
      declared.some((it) => specifier === it || specifier.startsWith(`${it}/`));
    const forbidden = forbiddenImports[name] ?? /$^/;

    const wrong = imports(pkg).filter(({ specifier }) => forbidden.test(specifier) || !isDeclared(specifier));
    expect(wrong).toEqual([]);
  });

  test("has no import circle, not even of types", () => {
    expect(circles(sources(pkg)).map((circle) => circle.map(short))).toEqual([]);
  });

  test("has no source file of more than 250 lines", () => {
    expect(
      sources(pkg)
        .filter((file) => linesOf(file) > 250)
        .map(short),
    ).toEqual([]);
  });

  test("has no function with more than four positional parameters", () => {
    const found = sources(pkg).flatMap((file) =>
      longParameterLists(file, 4).map((where) => `${short(file)}: ${where}`),
    );
    expect(found.filter((it) => !MSAL_SIGNATURES.test(it))).toEqual([]);
  });

  test("has a test for every source file, which says so in its first lines", () => {
    const proved = provedSources();
    expect(
      sources(pkg)
        .map(short)
        .filter((file) => !proved.has(file)),
    ).toEqual([]);
  });
});

test("tests that say which source files they prove name files that are there", () => {
  const present = new Set(packages.flatMap(sources).map(short));
  expect([...provedSources()].filter((file) => !present.has(file))).toEqual([]);
});

test("no test file has more than 400 lines: it is split by what it promises", () => {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(root, "test", file));
  expect(files.length).toBeGreaterThan(200);
  expect(files.filter((file) => linesOf(file) > 400).map(short)).toEqual([]);
});

test("the folders of core import each other only as docs/architecture.md draws it: every arrow points down", () => {
  const below = arrows(readFileSync(join(root, "docs/architecture.md"), "utf8"));
  const core = packages.find(({ manifest }) => manifest.name === "@tessera/core") as Package;
  const source = join(core.folder, "src");
  const folderOf = (file: string): string => /^([^/]+)\//.exec(relative(source, file))?.[1] ?? "";
  const drawn = imports(core).flatMap(({ file, specifier }) => {
    const [from, to] = [folderOf(file), folderOf(join(file, "..", specifier))];
    return from && to && from !== to ? [`${from} ${to}`] : [];
  });
  expect(below.has("endpoints errors")).toBe(true);
  expect(drawn.length).toBeGreaterThan(200);
  expect([...new Set(drawn)].filter((arrow) => !below.has(arrow) && !arrow.startsWith("testing "))).toEqual(
    [],
  );
});

test("core exports at most 60 names", () => {
  const core = packages.find(({ manifest }) => manifest.name === "@tessera/core") as Package;
  const names = exportedNames(join(core.folder, "src/index.ts"));
  expect(names.length).toBeGreaterThan(20);
  expect(names.length).toBeLessThanOrEqual(60);
});

test("what Entra, AD FS and External ID do differently is asked in authority/ and dialect/ only", () => {
  const asked = packages
    .filter(({ manifest }) => ["@tessera/core", "@tessera/node"].includes(manifest.name))
    .flatMap(sources)
    .filter((file) => !/core\/src\/(authority|dialect)\//.test(file))
    .filter((file) =>
      /\bkind\b\s*[!=]==?\s*"(entra|oidc|adfs|b2c|ciam|dsts)"/.test(readFileSync(file, "utf8")),
    );
  expect(asked.map(short)).toEqual([]);
});

test("core reads no environment", () => {
  const core = packages.find(({ manifest }) => manifest.name === "@tessera/core");
  const readers = sources(core as Package).filter((file) =>
    /\bprocess\s*(\.(?!getBuiltinModule\("node:crypto"\))\w|\[|\?\.)|\bglobalThis\.process\b/.test(
      readFileSync(file, "utf8"),
    ),
  );
  expect(readers).toEqual([]);
});

test.each(["@tessera/persistence"])("%s takes nothing but types of core", (name) => {
  const pkg = packages.find(({ manifest }) => manifest.name === name);
  const statements = sources(pkg as Package).flatMap(
    (file) => readFileSync(file, "utf8").match(/^(import|export)\b[^;]*"@tessera\/core";/gm) ?? [],
  );
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.filter((statement) => !/^(import|export) type\b/.test(statement))).toEqual([]);
});

function linesOf(file: string): number {
  return readFileSync(file, "utf8").split("\n").length - 1;
}

function imports(pkg: Package): readonly { file: string; specifier: string }[] {
  return sources(pkg).flatMap((file) =>
    ts
      .preProcessFile(readFileSync(file, "utf8"), true, true)
      .importedFiles.map(({ fileName }) => ({ file, specifier: fileName })),
  );
}

/** The arrows of the diagram, `"from to"`, also those that a longer path implies. */
function arrows(page: string): ReadonlySet<string> {
  const found = [...page.matchAll(/^ +(\w+)(?:\[[^\]]*\])? --> (\w+) *(?:& (\w+))?$/gm)].flatMap(
    ([, from = "", ...to]) => to.filter(Boolean).map((one) => [from, one] as const),
  );
  const below = (from: string): readonly string[] =>
    found.filter(([one]) => one === from).flatMap(([, to = ""]) => [to, ...below(to)]);
  return new Set(found.flatMap(([from]) => below(from).map((to) => `${from} ${to}`)));
}

/** Constructors whose positional parameters are MSAL's. */
const MSAL_SIGNATURES = /core\/src\/errors\/errors\.ts: constructor/;

/** A source file as the tests name it: from its package's folder on. */
function short(file: string): string {
  return relative(join(root, "packages"), file);
}

/** The source files that the first lines of some test say it proves. */
function provedSources(): ReadonlySet<string> {
  const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".test.ts"),
  );
  const named = tests.flatMap((file) => {
    const head = readFileSync(join(root, "test", file), "utf8").split(/^(?!\/\/)/m, 1)[0] ?? "";
    const list = /proves: ([^]*)$/.exec(head.replaceAll(/^\/\/ ?/gm, ""))?.[1] ?? "";
    return list.match(/[a-z-]+\/src\/[\w./-]+\.ts/g) ?? [];
  });
  return new Set(named);
}
