// A machine without a compiler, a keychain or a desktop, such as a container: everything installs, and works.
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { assertBuilt, root, readManifest } from "../packages/workspace.js";
import { temporaryFolder } from "./folder.js";

// Elsewhere a keychain is always there.
const onLinux = process.platform === "linux" ? describe : describe.skip;

onLinux("on a machine with nothing but Node.js", () => {
  let tarballs: readonly string[];
  beforeAll(() => {
    assertBuilt();
    tarballs = pack("core", "node", "persistence");
  });

  test("npm installs the package, with and without install scripts, and it says what works", () => {
    const machine = bareMachine();
    machine.npm("install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", ...tarballs);
    // The library of the keychain came as it is: no compiler was there to make it.
    expect(
      existsSync(join(machine.home, `node_modules/keytar/prebuilds/linux-${process.arch}/keytar.node`)),
    ).toBe(true);

    const withKeychain = () => machine.run(open('"keychain"'));
    const advice = /^keychain_unavailable .*choose another protection: \{ passphrase \}/;
    expect(withKeychain()).toMatch(advice);

    // Runs the install scripts.
    machine.npm("rebuild");
    expect(withKeychain()).toMatch(advice);
    expect(machine.run(open('{ passphrase: "correct horse battery staple" }'))).toBe(
      "opened token-cache.passphrase.jwe",
    );
    expect(machine.run(open('"none"'))).toBe("opened token-cache.json");

    // As after `npm install --omit=optional`.
    rmSync(join(machine.home, "node_modules/keytar"), { recursive: true });
    expect(withKeychain()).toMatch(/^keychain_unavailable .*Cannot find package 'keytar'/);
    expect(machine.run(open('"none"'))).toBe("opened token-cache.json");
  });
});

/** A program that opens a cache, writes to it and says what came of it. */
const open = (protection: string): string => `
  import { basename } from "node:path";
  import { createPersistentCache } from "@tessera/persistence";
  import { PublicClientApplication } from "@tessera/node";
  try {
    const cachePlugin = await createPersistentCache({ appName: "contoso-cli", protection: ${protection} });
    const app = new PublicClientApplication({ auth: { clientId: "app" }, cache: { cachePlugin } });
    await app.getTokenCache().removeAccount({ homeAccountId: "nobody", environment: "nowhere" });
    console.log("opened", basename(cachePlugin.file));
  } catch ({ errorCode, message }) {
    console.log(errorCode, message.replaceAll("\\n", " "));
  }`;

/** An empty home folder, and a PATH on which there is Node.js, a shell, and nothing else. */
function bareMachine() {
  const home = temporaryFolder();
  const path = join(home, "bin");
  mkdirSync(path);
  symlinkSync(process.execPath, join(path, "node"));
  symlinkSync("/bin/sh", join(path, "sh"));
  writeFileSync(join(home, "package.json"), "{}");
  const npm = realpathSync(which("npm"));
  const {
    HOME = "",
    npm_config_cache = join(HOME, ".npm"),
    npm_config_userconfig = join(HOME, ".npmrc"),
  } = process.env;
  const network = /^(https?_proxy|no_proxy|node_extra_ca_certs|npm_config_(registry|cafile))$/i;
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => network.test(name))),
    ...{ PATH: path, HOME: home, npm_config_cache, npm_config_userconfig },
  };
  const node = (...parameters: readonly string[]): string => run(process.execPath, parameters, home, env);
  return {
    home,
    npm: (...parameters: readonly string[]) => node(npm, ...parameters),
    run: (program: string) => node("--input-type=module", "--eval", program).trim(),
  };
}

function which(program: string): string {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`${program} is not on the PATH`);
  return found;
}

/** Packs packages as `pnpm publish` would. Returns the paths of the tarballs. */
function pack(...names: readonly string[]): readonly string[] {
  const { packageManager = "" } = readManifest(root) as { readonly packageManager?: string };
  const destination = temporaryFolder();
  const filters = names.flatMap((name) => ["--filter", `@tessera/${name}`]);
  const parameters = ["--recursive", ...filters, "pack", "--pack-destination", destination];
  run("npx", ["--yes", packageManager, ...parameters], root, process.env);
  return readdirSync(destination).map((name) => join(destination, name));
}

/** Runs a command to its end. Returns what it printed; throws with that when it fails. */
function run(command: string, parameters: readonly string[], cwd: string, env: NodeJS.ProcessEnv): string {
  const { status, stdout, stderr, error } = spawnSync(command, parameters, { cwd, env, encoding: "utf8" });
  if (status === 0) return stdout;
  throw new Error(`${command} ${parameters.join(" ")} failed\n${String(error ?? "")}${stdout}${stderr}`);
}
