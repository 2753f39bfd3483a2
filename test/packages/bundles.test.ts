// A daemon and a web app, as ES module and as CommonJS, that a bundler without settings has put into one file get a token.
// Beside them is nothing: neither the packages, nor what few apps need of them (open, node-forge, fast-xml-parser).
// proves: node/src/http/built-in-undici.ts, node/src/http/load-undici.ts, node/src/missing-package.ts, node/src/credential/pfx.ts
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { build, type BuildOptions } from "esbuild";
import { makeCertificate } from "../support/certificates.js";
import { startCloudProxy } from "../support/cloud-proxy.js";
import { startEntra, type Entra } from "../support/entra.js";
import { makePfx } from "../support/pfx.js";
import { assertBuilt, root } from "./workspace.js";

const app = mkdtempSync(join(tmpdir(), "tessera-bundles-"));
/** Where the bundles are, each in a folder of its own. */
const bundles = mkdtempSync(join(tmpdir(), "tessera-bundle-"));
let entra: Entra;

beforeAll(async () => {
  assertBuilt();
  const modules = join(app, "node_modules");
  const copied = { recursive: true, filter: (path: string) => !path.endsWith("/node_modules") };
  for (const name of ["core", "node"])
    cpSync(join(root, "packages", name), join(modules, "@tessera", name), copied);
  for (const [from, name] of [
    ["packages/node", "undici"],
    ["packages/core", "jose"],
    ["packages/core", "lru-cache"],
  ] as const)
    cpSync(realpathSync(join(root, from, "node_modules", name)), join(modules, name), copied);
  for (const [name, body] of Object.entries(programs)) {
    writeFileSync(
      join(app, `${name}.mjs`),
      `import { ConfidentialClientApplication, ManagedIdentityApplication } from "@tessera/node";\n${body}`,
    );
    writeFileSync(
      join(app, `${name}.cjs`),
      `const { ConfidentialClientApplication, ManagedIdentityApplication } = require("@tessera/node");\n${body}`,
    );
  }
  entra = await startEntra({ hosts: ["login.microsoftonline.com:443"] });
});
afterAll(async () => {
  await entra.close();
  for (const folder of [app, bundles]) rmSync(folder, { recursive: true });
});

const client = `
const { auth, system } = JSON.parse(process.env.CONFIGURATION);
const app = new ConfidentialClientApplication({ auth, system });
const ask = () => app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] })
  .then(({ tokenType }) => tokenType, ({ message }) => message);
`;
const programs = {
  daemon: `${client}
ask().then(console.log);`,
  managed: `
const app = new ManagedIdentityApplication();
app.acquireToken({ resource: "https://vault.azure.net" })
  .then(({ tokenType }) => tokenType, ({ message }) => message).then(console.log);`,
  web: `${client}
const server = process.getBuiltinModule("node:http").createServer(async (_, response) => {
  await app.getAuthCodeUrl({ scopes: ["User.Read"], redirectUri: "http://localhost:3000" });
  response.end(await ask());
}).listen(0, "127.0.0.1", async () => {
  const answer = await fetch("http://127.0.0.1:" + server.address().port);
  console.log(await answer.text());
  server.close();
  server.closeAllConnections();
});`,
};

/** The bundles that are made already. */
const made = new Map<string, Promise<string>>();

function bundle(program: string, kind: "mjs" | "cjs", options: BuildOptions = {}): Promise<string> {
  const key = JSON.stringify([program, kind, options]);
  const file = made.get(key) ?? makeBundle(program, kind, options);
  made.set(key, file);
  return file;
}

async function makeBundle(program: string, kind: "mjs" | "cjs", options: BuildOptions): Promise<string> {
  const outfile = join(mkdtempSync(join(bundles, "out-")), `out.${kind}`);
  const { errors } = await build({
    absWorkingDir: app,
    entryPoints: [`${program}.${kind}`],
    bundle: true,
    platform: "node",
    format: kind === "mjs" ? "esm" : "cjs",
    logLevel: "silent",
    outfile,
    ...options,
  });
  expect(errors).toEqual([]);
  return outfile;
}

async function run(
  file: string,
  over: { readonly auth?: object; readonly system?: object; readonly environment?: object } = {},
): Promise<string> {
  const { auth } = entra.configuration("confidential");
  const configuration = {
    auth: over.auth ?? auth,
    system: { ca: entra.authority.caPem, ...over.system },
  };
  const env = { ...process.env, ...over.environment, CONFIGURATION: JSON.stringify(configuration) };
  const { stdout } = await promisify(execFile)(process.execPath, [file], { env, cwd: tmpdir() });
  return stdout.trim();
}

describe.each(["daemon", "web"])("a %s", (program) => {
  it.each(["mjs", "cjs"] as const)("that is .%s, by esbuild", async (kind) => {
    expect(await run(await bundle(program, kind))).toBe("Bearer");
  });
});

describe("by ncc, which is webpack,", () => {
  const built = [
    ["daemon", "cjs"],
    ["web", "mjs"],
  ] as const;
  const folderOf = (program: string): string => join(app, `${program}-by-ncc`);
  beforeAll(async () => {
    // In one process, which loads webpack once. A cache would be filled, and never be read.
    const ncc = JSON.stringify(join(root, "node_modules/@vercel/ncc/dist/ncc/cli.js"));
    const builds = built.map(([program, kind]) => [
      "build",
      `${program}.${kind}`,
      "--no-cache",
      "--out",
      folderOf(program),
    ]);
    const script = `(async () => {
      for (const build of ${JSON.stringify(builds)}) await require(${ncc})(build, process.stdout, process.stderr);
    })();`;
    await promisify(execFile)(process.execPath, ["--eval", script], { cwd: app });
  });

  it.each(built)("a %s that is .%s", async (program, kind) => {
    expect(await run(join(folderOf(program), `index.${kind}`))).toBe("Bearer");
  });
});

describe.each(["mjs", "cjs"] as const)("in a bundle that is .%s", (kind) => {
  it("which left undici out, Node.js's own sends the requests", async () => {
    expect(await run(await bundle("daemon", kind, { external: ["undici"] }))).toBe("Bearer");
  });

  it("which left undici out, Node.js's own sends them through a proxy", async () => {
    // Loopback is never reached through a proxy.
    const cloud = "login.microsoftonline.com";
    const proxy = await startCloudProxy(`${cloud}:443`, Number(new URL(entra.authority.url).port));
    const { auth } = entra.configuration("confidential");
    const { pathname } = new URL(auth.authority ?? "");
    const over = {
      auth: { ...auth, authority: `https://${cloud}${pathname}` },
      system: { proxy: proxy.url },
    };
    expect(await run(await bundle("daemon", kind, { external: ["undici"] }), over)).toBe("Bearer");
    expect(proxy.refused).toEqual([]);
    await proxy.close();
  });
});

it.each(["mjs", "cjs"] as const)(
  "a program with a managed identity that is .%s, by esbuild",
  async (kind) => {
    const { environment, close } = await entra.authority.emulate("imds");
    expect(await run(await bundle("managed", kind), { environment })).toBe("Bearer");
    await close();
  },
);

describe("a PFX", () => {
  const daemon = (): object => {
    const { clientId, authority, knownAuthorities } = entra.configuration("confidential").auth;
    const pfx = makePfx(makeCertificate({ subject: "daemon" }), "").toString("base64");
    return { auth: { clientId, authority, knownAuthorities, clientCertificate: { pfx } } };
  };
  const inside: BuildOptions = { nodePaths: [join(root, "node_modules")] };
  /** What esbuild's own documentation gives to ES modules that bundle CommonJS packages. */
  const js = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

  it.each<["mjs" | "cjs", string, BuildOptions]>([
    ["cjs", "", inside],
    ["mjs", ", by esbuild with its banner,", { ...inside, banner: { js } }],
  ])("is opened by the node-forge in a bundle that is .%s%s", async (kind, _, options) => {
    // Nobody has registered it.
    expect(await run(await bundle("daemon", kind, options), daemon())).toContain("invalid_client");
  });

  it.each<["mjs" | "cjs", string, BuildOptions, string]>([
    ["cjs", "which lacks node-forge", {}, "npm install node-forge"],
    ["mjs", "which lacks node-forge", {}, "npm install node-forge"],
    ["mjs", "which cannot require", inside, "give esbuild --format=cjs, or --banner:js="],
  ])("is refused in a bundle that is .%s, %s, and told why", async (...[kind, , options, remedy]) => {
    expect(await run(await bundle("daemon", kind, options), daemon())).toContain(remedy);
  });
});

describe("where neither undici nor Node.js's own can be had, the error says how to get the former", () => {
  const environment = { NODE_OPTIONS: "--no-experimental-fetch" };

  it("in a bundle that left it out", async () => {
    const file = await bundle("daemon", "cjs", { external: ["undici"] });
    expect(await run(file, { environment })).toMatch(
      /The package undici, .* cannot be loaded \(Cannot find (?:module|package) .*\): install it/,
    );
  });

  it("in an ES module by esbuild, which cannot require it", async () => {
    expect(await run(await bundle("daemon", "mjs"), { environment })).toMatch(
      /undici.* cannot be loaded \(Dynamic require of .*\): give esbuild --format=cjs, or --banner:js=/,
    );
  });
});
