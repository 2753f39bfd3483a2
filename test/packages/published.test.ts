// What a user gets from `npm install`: the packed packages, installed into an empty folder.
import { spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { assertBuilt, packages, readManifest, root } from "./workspace.js";

const names = packages.map(({ manifest }) => manifest.name);
const app = mkdtempSync(join(tmpdir(), "tessera-app-"));
const installed = (name: string) => join(app, "node_modules", name);
let tarballs: ReadonlyMap<string, string>;

jest.setTimeout(180_000);

beforeAll(() => {
  assertBuilt();
  tarballs = new Map(packages.map(({ folder, manifest }) => [manifest.name, pack(folder)]));
  writeFileSync(join(app, "package.json"), "{}");
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  run("npm", ["install", ...flags, ...tarballs.values()]);
});

afterAll(() => {
  rmSync(app, { recursive: true, force: true });
});

describe.each(names)("%s", (name) => {
  test("contains its build, its readme and its licence, nothing else", () => {
    const files = readdirSync(installed(name), { recursive: true, encoding: "utf8" })
      .filter((file) => statSync(join(installed(name), file)).isFile())
      .map((file) => file.replaceAll("\\", "/"));
    const builds = files.filter((file) => /^dist\/[a-z-]+\.(js|cjs|d\.ts|d\.cts)(\.map)?$/.test(file));
    expect(files.filter((file) => !builds.includes(file)).sort()).toEqual([
      "LICENSE",
      "README.md",
      "package.json",
    ]);
    expect(JSON.stringify(readManifest(installed(name)))).not.toContain("workspace:");
  });

  test("offers its command, when it has one", () => {
    const { bin = {} } = readManifest(installed(name));
    for (const file of Object.values(bin)) {
      expect(readFileSync(join(installed(name), file), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    }
  });

  test("is clean for publint", () => {
    runTool("publint", "publint", ["run", installed(name), "--strict", "--pack", "false"]);
  });

  test("has the types that it says it has", () => {
    runTool("@arethetypeswrong/cli", "attw", [
      tarballs.get(name) ?? "",
      "--profile",
      "node16",
      "--no-definitely-typed",
    ]);
  });

  test("exports the same names as ESM and as CommonJS", () => {
    const fromModule = namesOf(name, "module");
    expect(fromModule.length).toBeGreaterThan(0);
    expect(namesOf(name, "commonjs")).toEqual(fromModule);
  });
});

test("importing @tessera/node does not load undici or jose", () => {
  const lazy = ["undici", "jose"].map(installed);
  for (const folder of lazy) renameSync(folder, `${folder}.away`);
  try {
    expect(namesOf("@tessera/node", "module")).toEqual(namesOf("@tessera/node", "commonjs"));
  } finally {
    for (const folder of lazy) renameSync(`${folder}.away`, folder);
  }
});

test("a program that looks into its cache has not loaded node:crypto", () => {
  const script = `
    import { PublicClientApplication } from "@tessera/node";
    import { createPersistentCache } from "@tessera/persistence";
    const options = { appName: "test", directory: ${JSON.stringify(join(app, "cache"))}, protection: "none" };
    const cachePlugin = await createPersistentCache(options);
    const client = new PublicClientApplication({ auth: { clientId: "client" }, cache: { cachePlugin } });
    await client.getAllAccounts();
    console.log(JSON.stringify(process.moduleLoadList.filter((name) => /NativeModule (crypto|fs)$/.test(name))));`;
  const loaded: unknown = JSON.parse(run(process.execPath, ["--input-type=module", "--eval", script]));
  expect(loaded).toEqual(["NativeModule fs"]);
});

test("an app's tests run in Jest as it comes, which knows no import()", () => {
  const folder = join(app, "jest");
  mkdirSync(folder);
  writeFileSync(
    join(folder, "app.test.js"),
    `const { createServer } = require("node:http");
    const { ConfidentialClientApplication } = require("@tessera/node");
    const { createPersistentCache } = require("@tessera/persistence");
    const token = JSON.stringify({ token_type: "Bearer", access_token: "token", expires_in: 3600 });
    const server = createServer((_, response) => response.end(token));
    beforeAll(() => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve)));
    afterAll(() => server.close());
    test("two at once get a token, and keep it", async () => {
      const issuer = "http://127.0.0.1:" + server.address().port;
      const endpoints = { token_endpoint: issuer, authorization_endpoint: issuer, jwks_uri: issuer };
      const authorityMetadata = JSON.stringify({ issuer, ...endpoints });
      const auth = { clientId: "client", clientSecret: "secret", oidcAuthority: issuer, authorityMetadata };
      const directory = require("node:path").join(__dirname, "cache");
      const tokens = ["one", "two"].map(async (scope) => {
        const cachePlugin = await createPersistentCache({ appName: "test", directory, protection: "none" });
        const client = new ConfidentialClientApplication({ auth, system: { proxy: false }, cache: { cachePlugin } });
        return (await client.acquireTokenByClientCredential({ scopes: [scope] })).accessToken;
      });
      expect(await Promise.all(tokens)).toEqual(["token", "token"]);
    });`,
  );
  const config = JSON.stringify({ rootDir: folder, transform: {} });
  runTool("jest", "jest", ["--config", config]);
});

test.each(["node16", "nodenext"])("compiles in a strict TypeScript app with module %s", (module) => {
  const namespaces = names.map((_, index) => `package${String(index)}`);
  const source = [
    ...names.map((name, index) => `import * as package${String(index)} from "${name}";`),
    `export const exported: object[] = [${namespaces.join(", ")}];`,
  ].join("\n");
  for (const file of ["app.mts", "app.cts"]) writeFileSync(join(app, file), source);
  const compilerOptions = {
    module,
    target: "es2022",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    types: ["node"],
    typeRoots: [join(root, "node_modules/@types")],
  };
  writeFileSync(
    join(app, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["app.mts", "app.cts"] }),
  );
  runTool("typescript", "tsc", []);
});

/** Packs as `pnpm publish` would. Returns the path of the tarball. */
function pack(folder: string): string {
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    packageManager: string;
  };
  const destination = mkdirTemporary();
  run("npx", ["--yes", packageManager, "pack", "--pack-destination", destination], folder);
  const [tarball] = readdirSync(destination);
  if (tarball === undefined) throw new Error(`nothing was packed from ${folder}`);
  return join(destination, tarball);
}

function mkdirTemporary(): string {
  const packed = join(app, "packed");
  mkdirSync(packed, { recursive: true });
  return mkdtempSync(join(packed, "package-"));
}

function namesOf(name: string, kind: "module" | "commonjs"): readonly string[] {
  if (kind === "module") {
    const script = `import * as it from "${name}"; console.log(JSON.stringify(Object.keys(it).sort()))`;
    return JSON.parse(run(process.execPath, ["--input-type=module", "--eval", script])) as string[];
  }
  const script = `console.log(JSON.stringify(Object.keys(require("${name}")).sort()))`;
  return JSON.parse(run(process.execPath, [...withoutRequireOfModules(), "--eval", script])) as string[];
}

/** The first releases of Node 20 and 22 cannot `require` an ES module, so neither may ours. */
function withoutRequireOfModules(): readonly string[] {
  const flag = "--experimental-require-module";
  return process.allowedNodeEnvironmentFlags.has(flag) ? [flag.replace("--", "--no-")] : [];
}

/** Runs a command line tool of the workspace, whatever its file is called, in the app's folder. */
function runTool(packageName: string, command: string, parameters: readonly string[]): void {
  const folder = join(root, "node_modules", packageName);
  const bin: unknown = readManifest(folder).bin;
  const file = typeof bin === "string" ? bin : (bin as Record<string, string>)[command];
  run(process.execPath, [join(folder, file ?? ""), ...parameters]);
}

/** Runs a command to its end. Returns what it printed; throws with that when it fails. */
function run(command: string, parameters: readonly string[], cwd = app): string {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, {
    cwd,
    encoding: "utf8",
    // `npm run --silent` would silence the errors of these commands, too.
    env: { ...process.env, npm_config_loglevel: "error" },
    shell: process.platform === "win32" && command !== process.execPath,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${parameters.join(" ")} failed\n${String(error ?? "")}${stdout}${stderr}`);
}
