// From @azure/msal-node-extensions: users stay signed in, and who signs out stays signed out.
// proves: persistence/src/migration/migration.ts, persistence/src/migration/dpapi.ts
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import { FilePersistence, PersistenceCachePlugin } from "@azure/msal-node-extensions";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ICachePlugin } from "@azure/msal-node";
import { PublicClientApplication } from "@tessera/node";
import { createPersistentCache, type MigrationSource } from "@tessera/persistence";
import { unprotect } from "../../packages/persistence/src/migration/dpapi.js";
import { accountOf, graph, signInWith, startStage, type Stage } from "../interop/stage.js";
import { root } from "../packages/workspace.js";
import { keyringIsAvailable, startKeyring, type Keyring } from "../support/keyring.js";
import { describeWith } from "../support/real-part.js";
import { temporaryFolder } from "./folder.js";
import { onLinux } from "./on-linux.js";
import { load, save } from "./raw-access.js";

const appName = "contoso-cli";
const options = () => ({ appName, directory: join(temporaryFolder(), "app"), protection: "none" as const });
const accountsIn = (text: string): readonly string[] =>
  Object.keys((JSON.parse(text || "{}") as { Account?: object }).Account ?? {});
const entry = (name: string, value = name): string => JSON.stringify({ Account: { [name]: { value } } });

/** What another process has loaded after a migration. */
function migrateElsewhere(own: object, env: NodeJS.ProcessEnv): string {
  return runIn(
    env,
    `import { createPersistentCache } from "@tessera/persistence";
    const plugin = await createPersistentCache(${JSON.stringify(own)});
    const deserialize = (text) => console.log(text);
    await plugin.beforeCacheAccess({ cacheHasChanged: false, tokenCache: { deserialize } });`,
  );
}

/** Runs a program. */
function runIn(env: NodeJS.ProcessEnv, script: string): string {
  return execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: root,
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
}

/** A file as the peer would have written it. */
function peerFile(content: string | Buffer): string {
  const path = join(temporaryFolder(), "cache.json");
  writeFileSync(path, content);
  return path;
}

describe("the peer's plain file", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.close());

  test("is taken over: its user needs no sign-in", async () => {
    const cachePath = join(temporaryFolder(), "cache.json");
    const theirs: ICachePlugin = new PersistenceCachePlugin(await FilePersistence.create(cachePath));
    const account = accountOf(
      await signInWith(stage.app(stage.peer, "public", { cache: { cachePlugin: theirs } }), stage),
    );

    const before = readFileSync(cachePath, "utf8");
    const cachePlugin = await createPersistentCache({ ...options(), migrateFrom: { cachePath } });
    const app = stage.app(stage.tessera, "public", { cache: { cachePlugin } });
    expect(app).toBeInstanceOf(PublicClientApplication);
    expect(await app.acquireTokenSilent({ account, scopes: graph })).toMatchObject({ fromCache: true });
    stage.advance(3600);
    expect(await app.acquireTokenSilent({ account, scopes: graph })).toMatchObject({ fromCache: false });
    expect(readFileSync(cachePath, "utf8")).toBe(before);
  });
});

describe("a migration", () => {
  test("is made once: a user who signs out afterwards stays signed out", async () => {
    const own = { ...options(), migrateFrom: { cachePath: peerFile(entry("alice")) } };
    const first = await createPersistentCache(own);
    expect(accountsIn(await load(first))).toEqual(["alice"]);
    await save(first, () => "{}");
    expect(accountsIn(await load(await createPersistentCache(own)))).toEqual([]);
  });

  test("is made once by processes that start together", async () => {
    const own = { ...options(), migrateFrom: { cachePath: peerFile(entry("alice")) } };
    const plugins = await Promise.all(Array.from({ length: 5 }, () => createPersistentCache(own)));
    for (const plugin of plugins) expect(accountsIn(await load(plugin))).toEqual(["alice"]);
  });

  test("adds to what is here already, which is newer and stays", async () => {
    const own = options();
    await save(await createPersistentCache(own), () =>
      JSON.stringify({ Account: { bob: { value: "newer" } }, Own: 1 }),
    );
    const theirs = JSON.stringify({
      Account: { alice: { value: "theirs" }, bob: { value: "older" } },
      Theirs: 2,
    });
    const plugin = await createPersistentCache({ ...own, migrateFrom: { cachePath: peerFile(theirs) } });
    expect(JSON.parse(await load(plugin))).toEqual({
      Account: { alice: { value: "theirs" }, bob: { value: "newer" } },
      Own: 1,
      Theirs: 2,
    });
  });

  test("can be made from several places", async () => {
    const own = options();
    for (const name of ["alice", "bob"]) {
      await createPersistentCache({ ...own, migrateFrom: { cachePath: peerFile(entry(name)) } });
    }
    expect(accountsIn(await load(await createPersistentCache(own)))).toEqual(["bob", "alice"]);
  });

  test.each<[string, string]>([
    ["has written half", entry("alice").slice(0, 12)],
    ["has emptied its file", ""],
  ])("while the peer runs, and %s, waits for the rest", async (_, content) => {
    const cachePath = peerFile(content);
    writeFileSync(`${cachePath}.lockfile`, "1");
    const own = { ...options(), migrateFrom: { cachePath } };
    const opened = createPersistentCache(own);
    // The peer's file is read as soon as the own lock is held.
    const locks = join(own.directory, "locks");
    while (!existsSync(locks) || readdirSync(locks).length === 0) await immediate();
    writeFileSync(cachePath, entry("alice"));
    rmSync(`${cachePath}.lockfile`);
    expect(accountsIn(await load(await opened))).toEqual(["alice"]);
  });

  test("is noted in a file that is replaced whole, and what a killed process left of it is removed", async () => {
    const own = { ...options(), migrateFrom: { cachePath: peerFile(entry("alice")) } };
    const plugin = await createPersistentCache(own);
    expect(statSync(`${plugin.file}.migrated`).mode & 0o777).toBe(0o600);
    writeFileSync(`${plugin.file}.migrated.new-0123456789ab`, "[");
    await save(plugin, () => "{}");
    expect(readdirSync(own.directory).sort()).toEqual([
      "locks",
      "token-cache.json",
      "token-cache.json.migrated",
    ]);
  });

  onLinux("where there is no keychain takes the clear file that the peer was told to keep instead", () => {
    const source = { cachePath: peerFile(entry("alice")), serviceName: "contoso", accountName: "msal" };
    const nothing = { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent", DISPLAY: undefined };
    expect(accountsIn(migrateElsewhere({ ...options(), migrateFrom: source }, nothing))).toEqual(["alice"]);
  });

  test("waits for a source that is not there yet", async () => {
    const cachePath = join(temporaryFolder(), "cache.json");
    const own = { ...options(), migrateFrom: { cachePath } };
    expect(await load(await createPersistentCache(own))).toBe("");
    // What the peer leaves in its file when the cache itself is in a keychain.
    writeFileSync(cachePath, "{}");
    expect(await load(await createPersistentCache(own))).toBe("");
    writeFileSync(cachePath, entry("alice"));
    expect(accountsIn(await load(await createPersistentCache(own)))).toEqual(["alice"]);
  });

  test.each<[string, string | Buffer, string]>([
    ["is not JSON", "secret-token", "is not a token cache: omit migrateFrom"],
    ["is not an object", '["secret-token"]', "is not a token cache"],
    [
      "Windows encrypted for a user of that machine",
      Buffer.from("01000000d08c9ddf0115d1118c7a00c04fc297ebaabbcc", "hex"),
      "was encrypted by Windows for a user of that machine",
    ],
  ])("of a file that %s is refused, and the cache stays as it is", async (_, content, message) => {
    const own = options();
    await save(await createPersistentCache(own), () => entry("bob"));
    const migrated = createPersistentCache({ ...own, migrateFrom: { cachePath: peerFile(content) } });
    await expect(migrated).rejects.toMatchObject({ name: "PersistenceError", errorCode: "migration_failed" });
    await expect(migrated).rejects.toThrow(message);
    await expect(migrated).rejects.not.toThrow("secret-token");
    expect(accountsIn(await load(await createPersistentCache(own)))).toEqual(["bob"]);
  });
});

describeWith("gnome-keyring", keyringIsAvailable, () => {
  let keyring: Keyring;
  beforeAll(async () => {
    keyring = await startKeyring(temporaryFolder(), "unlocked");
  });
  afterAll(() => keyring.close());

  test("the peer's entry in libsecret is taken over", () => {
    const source: MigrationSource = {
      cachePath: join(temporaryFolder(), "cache.json"),
      serviceName: "contoso",
      accountName: "msal",
    };
    runIn(
      keyring.env,
      `import { LibSecretPersistence } from "@azure/msal-node-extensions";
      const persistence = await LibSecretPersistence.create(...${JSON.stringify(Object.values(source))});
      await persistence.save(${JSON.stringify(entry("alice"))});`,
    );
    const own = { appName: "contoso-cli", migrateFrom: source };
    expect(accountsIn(migrateElsewhere(own, keyring.env))).toEqual(["alice"]);
  });
});

const posix = process.platform === "win32" ? describe.skip : describe;

// There is no Windows here: what is shown is what is said to PowerShell, and what is made of its answer.
posix("what Windows has encrypted", () => {
  function powershell(script: string): string {
    const path = join(temporaryFolder(), "powershell.exe");
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  test("is decrypted by PowerShell, however much it is", async () => {
    const upperCase = powershell(`base64 -d | tr a-z A-Z | base64 -w0`);
    expect(await unprotect(Buffer.from("the cache"), upperCase)).toBe("THE CACHE");
    const much = "a".repeat(2_000_000);
    expect((await unprotect(Buffer.from(much), upperCase)) === much.toUpperCase()).toBe(true);
  });

  test("by another user is refused with the reason", async () => {
    const refusing = powershell(
      `cat >/dev/null; echo "Key not valid for use in specified state." >&2; exit 1`,
    );
    await expect(unprotect(Buffer.from("the cache"), refusing)).rejects.toThrow(
      "Key not valid for use in specified state.",
    );
  });

  test("is refused where there is no PowerShell", async () => {
    await expect(unprotect(Buffer.from("the cache"))).rejects.toThrow("ENOENT");
  });
});
