// proves: persistence/src/options.ts, persistence/src/invalid-option.ts, persistence/src/files/data-folder.ts
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import {
  createPersistentCache,
  PersistenceErrorCodes,
  type PersistentCacheOptions,
} from "@tessera/persistence";
import { dataFolder } from "../../packages/persistence/src/files/data-folder.js";
import { temporaryFolder } from "./folder.js";

const good: PersistentCacheOptions = { appName: "contoso-cli", directory: "/nowhere", protection: "none" };

describe("an option that cannot be right is refused before anything is touched", () => {
  test.each<[string, object, string]>([
    ["no name", { appName: undefined }, "appName is undefined: pass 1 to 64 letters"],
    ["an empty name", { appName: "" }, "appName"],
    ["a path as the name", { appName: "contoso/cli" }, "appName"],
    ["a Windows path as the name", { appName: "contoso\\cli" }, "appName"],
    ["the folder above", { appName: ".." }, "appName"],
    ["a name that Windows shortens", { appName: "contoso." }, "appName"],
    ["a name of spaces", { appName: " " }, "appName"],
    [
      "a name that Windows reserves for a device",
      { appName: "Con.app" },
      "names that Windows reserves for devices",
    ],
    ["a name that is too long", { appName: "a".repeat(65) }, "appName"],
    ["a name that is too long, of other letters", { appName: "é".repeat(65) }, "appName"],
    ["a relative directory", { directory: "cache" }, 'directory is "cache": pass the absolute path'],
    ["an unknown protection", { protection: "dpapi" }, 'pass "keychain", { passphrase }'],
    ["an empty passphrase", { protection: { passphrase: "" } }, "with a non-empty string"],
    ["a passphrase that is not a string", { protection: { passphrase: 1 } }, "with a non-empty string"],
    ["no protection at all", { protection: null }, 'or "none"'],
    ["a migration from nowhere", { migrateFrom: {} }, "migrateFrom"],
    ["a migration from a relative path", { migrateFrom: { cachePath: "cache.json" } }, "migrateFrom"],
    ["a listener that is none", { onProblem: "log" }, "onProblem"],
    [
      "a password",
      { password: "hunter2" },
      "password is not an option of createPersistentCache: use appName",
    ],
    ["the path of the peer", { cachePath: "/cache.json" }, "cachePath is not an option"],
    ["a name in other letters", { appname: "contoso" }, "appname is not an option"],
  ])("%s", async (_, over, message) => {
    const opened = createPersistentCache({ ...good, ...over });
    await expect(opened).rejects.toMatchObject({ name: "PersistenceError", errorCode: "invalid_option" });
    await expect(opened).rejects.toThrow(message);
  });

  test.each([
    "a",
    "7",
    "Contoso CLI 2.0",
    "contoso_",
    "a".repeat(64),
    "Зонд",
    "é".repeat(64),
    "連絡-2",
    "console",
  ])("but the name %j is none", async (appName) => {
    const opened = createPersistentCache({ ...good, appName, directory: temporaryFolder() });
    await expect(opened).resolves.toHaveProperty("file");
  });

  test("and the passphrase is not shown", async () => {
    const protection = { passphrase: ["hunter2"] } as never;
    await expect(createPersistentCache({ ...good, protection })).rejects.not.toThrow("hunter2");
    const misnamed = { ...good, password: "hunter2" };
    await expect(createPersistentCache(misnamed)).rejects.not.toThrow("hunter2");
  });

  test("nothing at all", async () => {
    await expect(createPersistentCache(undefined as never)).rejects.toMatchObject({
      errorCode: "invalid_option",
    });
  });
});

describe("the data folder of an app is", () => {
  const home = homedir();
  test.each<[NodeJS.Platform, NodeJS.ProcessEnv, string]>([
    ["linux", {}, join(home, ".local/share/contoso-cli")],
    ["linux", { XDG_DATA_HOME: "/data" }, "/data/contoso-cli"],
    ["linux", { XDG_DATA_HOME: "relative" }, join(home, ".local/share/contoso-cli")],
    ["freebsd", {}, join(home, ".local/share/contoso-cli")],
    ["darwin", { XDG_DATA_HOME: "/data" }, join(home, "Library/Application Support/contoso-cli")],
    ["win32", { LOCALAPPDATA: "/Users/alice/AppData/Local" }, "/Users/alice/AppData/Local/contoso-cli"],
    ["win32", {}, join(home, "AppData/Local/contoso-cli")],
    ["win32", { LOCALAPPDATA: "relative" }, join(home, "AppData/Local/contoso-cli")],
  ])("on %s with %j: %s", (platform, environment, folder) => {
    expect(dataFolder("contoso-cli", platform, environment)).toBe(folder);
  });
});

describe("without a home folder there is no data folder: the app has to name one", () => {
  test.each<[string, () => string]>([
    ["HOME is empty", () => ""],
    ["HOME is relative: the folder would be another one wherever the app is started", () => "."],
    [
      "HOME is not set, and the system does not know the user, as in some containers",
      () => {
        throw Object.assign(new Error("uv_os_homedir returned ENOENT"), { code: "ERR_SYSTEM_ERROR" });
      },
    ],
  ])("%s", (_, home) => {
    for (const platform of ["linux", "darwin", "win32"] as const) {
      expect(() => dataFolder("contoso-cli", platform, {}, home)).toThrow(
        "invalid_option: directory is undefined, and the user has no home folder: set HOME, or pass the absolute path of a folder.",
      );
    }
    expect(dataFolder("contoso-cli", "linux", { XDG_DATA_HOME: "/data" }, home)).toBe("/data/contoso-cli");
  });
});

test("the error codes are a closed list", () => {
  expect(Object.values(PersistenceErrorCodes).sort()).toEqual([
    "invalid_option",
    "keychain_locked",
    "keychain_unavailable",
    "lock_lost",
    "lock_timeout",
    "migration_failed",
    "newer_format",
    "not_private",
    "storage_failed",
    "wrong_passphrase",
  ]);
});
