// What every package promises in its package.json, and which package may import what.
import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import ts from "typescript";
import { packages, sources, type Package } from "./workspace.js";

/** The runtime dependencies that a package may have. A package not named here may have any. */
const allowedDependencies: Readonly<Record<string, readonly string[]>> = {
  "@tessera/core": ["jose", "lru-cache"],
  "@tessera/node": ["@tessera/core", "undici", "jose", "lru-cache"],
  "@tessera/persistence": ["@tessera/core"],
};

/** The modules that the source of a package may not import, also not dynamically. */
const forbiddenImports: Readonly<Record<string, RegExp>> = {
  "@tessera/core": /^node:(?!crypto$)|^(fs|http|https|net|os|path|tls|undici)$|^@tessera\//,
  "@tessera/node": /^@tessera\/(?!core$)/,
  "@tessera/persistence": /^@tessera\/(?!core$)/,
  "@tessera/local-authority": /^@tessera\//,
};

describe.each(packages.map((pkg) => [pkg.manifest.name, pkg] as const))("%s", (name, pkg) => {
  const { manifest } = pkg;

  test("describes itself", () => {
    expect(manifest).toMatchObject({ type: "module", sideEffects: false, license: "MIT", files: ["dist"] });
    // What undici asks for, and of Node.js 22 those that have process.getBuiltinModule; what pkijs asks for.
    const range =
      manifest.name === "@tessera/local-authority" ? "^20.19.0 || >=22.12.0" : "^20.18.1 || >=22.3";
    expect(manifest.engines?.node).toBe(range);
    expect(manifest.description).toMatch(/\w/);
    expect(manifest.keywords?.length).toBeGreaterThan(0);
    expect(manifest.version).toBe(packages[0]?.manifest.version);
  });

  test("exports ESM and CommonJS, each with its own types", () => {
    expect(manifest.exports).toEqual({
      ".": {
        import: { types: "./dist/index.d.ts", default: "./dist/index.js" },
        require: { types: "./dist/index.d.cts", default: "./dist/index.cjs" },
      },
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

function imports(pkg: Package): readonly { file: string; specifier: string }[] {
  return sources(pkg).flatMap((file) =>
    ts
      .preProcessFile(readFileSync(file, "utf8"), true, true)
      .importedFiles.map(({ fileName }) => ({ file, specifier: fileName })),
  );
}
