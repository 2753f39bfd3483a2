// What a user gets from `npm install`: the packed packages, installed into an empty folder.
// proves: persistence/src/index.ts, local-authority/src/index.ts
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
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { publint } from "publint";
import { isFull } from "../support/sample.js";
import { packedOnce } from "./pack.js";
import { assertBuilt, packages, readManifest, root } from "./workspace.js";

const names = packages.map(({ manifest }) => manifest.name);
const kinds = ["module", "commonjs"] as const;
const app = mkdtempSync(join(tmpdir(), "tessera-app-"));
const installed = (name: string) => join(app, "node_modules", name);
let tarballs: readonly string[];
/** What each package exports, by the kind of module that asks for it. */
let exported: Readonly<Record<(typeof kinds)[number], Names>>;
type Names = Readonly<Record<string, readonly string[]>>;

beforeAll(() => {
  assertBuilt();
  tarballs = packedOnce();
  writeFileSync(join(app, "package.json"), "{}");
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  run("npm", ["install", ...flags, ...tarballs]);
  exported = { module: namesOf(names, "module"), commonjs: namesOf(names, "commonjs") };
});

afterAll(() => {
  rmSync(app, { recursive: true, force: true });
});

describe.each(names)("%s", (name) => {
  test("contains its build, its readme, its license and the notices of others, nothing else", () => {
    const files = readdirSync(installed(name), { recursive: true, encoding: "utf8" })
      .filter((file) => statSync(join(installed(name), file)).isFile())
      .map((file) => file.replaceAll("\\", "/"));
    const builds = files.filter((file) => /^dist\/[a-z-]+\.(js|cjs|d\.ts|d\.cts)(\.map)?$/.test(file));
    expect(files.filter((file) => !builds.includes(file)).sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist/THIRD-PARTY-NOTICES.md",
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

  test("is clean for publint", async () => {
    const { messages } = await publint({ pkgDir: installed(name), strict: true, pack: false });
    expect(messages.filter(({ type }) => type !== "suggestion")).toEqual([]);
  });

  test("exports the same names as ESM and as CommonJS", () => {
    expect(exported.module[name]?.length).toBeGreaterThan(0);
    expect(exported.commonjs[name]).toEqual(exported.module[name]);
  });
});

test("every package has the types that it says it has", () => {
  // The command reads one package at a time, and TypeScript anew for each.
  const { resolve } = createRequire(join(root, "node_modules/@arethetypeswrong/cli/package.json"));
  const script = `
    import { readFileSync } from "node:fs";
    import { checkPackage, createPackageFromTarballData } from ${JSON.stringify(pathToFileURL(resolve("@arethetypeswrong/core")).href)};
    const found = {};
    for (const file of ${JSON.stringify(tarballs)}) {
      const { types, packageName, problems } = await checkPackage(createPackageFromTarballData(readFileSync(file)));
      found[packageName] = types ? problems.filter(({ resolutionKind }) => resolutionKind !== "node10") : "no types";
    }
    console.log(JSON.stringify(found));`;
  const found: unknown = JSON.parse(run(process.execPath, ["--input-type=module", "--eval", script]));
  expect(found).toEqual(Object.fromEntries(names.map((name) => [name, []])));
});

test("importing @tessera/node does not load undici or jose", () => {
  const lazy = ["undici", "jose"].map(installed);
  for (const folder of lazy) renameSync(folder, `${folder}.away`);
  try {
    for (const kind of kinds)
      expect(namesOf(["@tessera/node"], kind)["@tessera/node"]).toEqual(exported[kind]["@tessera/node"]);
  } finally {
    for (const folder of lazy) renameSync(`${folder}.away`, folder);
  }
});

test.each(["core", "node", "persistence"])("@tessera/%s starts soon, as it is built", (name) => {
  const built = readFileSync(join(installed(`@tessera/${name}`), "dist/index.js"), "utf8");
  // Each takes a part of a millisecond; see rollup.config.mjs.
  expect(built).not.toMatch(/\P{ASCII}/u);
  // Texts may name an import; a statement begins a line or follows another.
  expect(built).not.toMatch(/(?:^|[;}])\s*import[^;"'`]*from\s*["']node:/m);
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
  const write = (file: string, text: string): void => {
    writeFileSync(join(folder, file), text);
  };
  write(
    "setup.js",
    `const { startLocalAuthority } = require("@tessera/local-authority");
    module.exports = async () => {
      globalThis.authority = await startLocalAuthority();
      const { caPem, config } = globalThis.authority;
      process.env.AUTHORITY = JSON.stringify({ caPem, config, url: globalThis.authority.authorityUrl() });
    };`,
  );
  write("teardown.js", "module.exports = () => globalThis.authority.close();");
  write(
    "app.test.js",
    `const { generateKeyPairSync } = require("node:crypto");
    const { join } = require("node:path");
    const { ConfidentialClientApplication, PublicClientApplication } = require("@tessera/node");
    const { createPersistentCache } = require("@tessera/persistence");
    const { caPem, config, url } = JSON.parse(process.env.AUTHORITY);
    const [{ apps: [web, desktop], users: [user] }] = config.tenants;
    const system = { ca: caPem, proxy: false };
    test("users sign in at once, with ID tokens that are verified, and are kept", async () => {
      const signIn = async () => {
        const options = { appName: "test", directory: join(__dirname, "cache"), protection: "none" };
        const cachePlugin = await createPersistentCache(options);
        const auth = { clientId: desktop.clientId, oidcAuthority: url + "/v2.0" };
        const client = new PublicClientApplication({ auth, system, cache: { cachePlugin } });
        const request = { username: user.username, password: user.password, scopes: ["User.Read"] };
        return (await client.acquireTokenByUsernamePassword(request)).account.username;
      };
      expect(await Promise.all([signIn(), signIn()])).toEqual([user.username, user.username]);
    });
    test("a certificate is sent, which nobody has registered", async () => {
      const pem = { type: "pkcs8", format: "pem" };
      const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048, privateKeyEncoding: pem });
      const clientCertificate = { privateKey, thumbprintSha256: "ab".repeat(32) };
      const auth = { clientId: web.clientId, clientCertificate, authority: url };
      const client = new ConfidentialClientApplication({ auth, system });
      const answer = client.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
      await expect(answer).rejects.toMatchObject({ errorCode: "invalid_client" });
    });`,
  );
  const around = { globalSetup: "<rootDir>/setup.js", globalTeardown: "<rootDir>/teardown.js" };
  // The default of five seconds fails on a busy machine.
  const testTimeout = 120_000;
  const config = JSON.stringify({ rootDir: folder, transform: {}, testTimeout, ...around });
  runTool("jest", "jest", ["--config", config]);
});

// With TABLES=all also as "nodenext", which resolves packages in the same way.
test.each(isFull ? ["node16", "nodenext"] : ["node16"])(
  "compiles in a strict TypeScript app with module %s",
  (module) => {
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
      // All declarations but those that come with TypeScript are checked.
      ...{ skipLibCheck: false, skipDefaultLibCheck: !isFull },
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
    };
    writeFileSync(
      join(app, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["app.mts", "app.cts"] }),
    );
    runTool("typescript", "tsc", []);
  },
);

/** What packages export, as one program of the kind sees it. */
function namesOf(packageNames: readonly string[], kind: (typeof kinds)[number]): Names {
  const load = kind === "module" ? "await import" : "require";
  const pairs = packageNames.map((name) => `["${name}", Object.keys(${load}("${name}")).sort()]`);
  const script = `console.log(JSON.stringify(Object.fromEntries([${pairs.join()}])))`;
  const flags = kind === "module" ? ["--input-type=module"] : withoutRequireOfModules();
  return JSON.parse(run(process.execPath, [...flags, "--eval", script])) as Names;
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
