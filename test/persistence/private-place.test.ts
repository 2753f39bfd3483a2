// The file and its folder are the user's alone, whatever stands in their place.
// proves: persistence/src/files/private-folder.ts, persistence/src/files/private-file.ts
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { makePrivate } from "../../packages/persistence/src/files/private-folder.js";
import { root } from "../packages/workspace.js";
import { temporaryFolder } from "./folder.js";
import { onLinux } from "./on-linux.js";
import { modeOf, open, posix, refused, stored, text } from "./opened.js";
import { load, save } from "./raw-access.js";

describe("permissions", () => {
  posix("of a file and a folder that others can read are taken from them, and that is reported", async () => {
    const { file, directory } = await stored();
    chmodSync(directory, 0o755);
    chmodSync(file, 0o644);
    const { plugin, problems } = await open("none", directory);
    expect(await load(plugin)).toBe(text);
    expect([modeOf(directory), modeOf(file)]).toEqual(["700", "600"]);
    expect(problems).toMatchObject([
      { code: "permissions_repaired", path: directory },
      { code: "permissions_repaired", path: file },
    ]);
  });

  posix("that change while the app runs are repaired at the next access", async () => {
    const { file, plugin, problems } = await stored();
    chmodSync(file, 0o666);
    expect(await load(plugin)).toBe(text);
    expect(modeOf(file)).toBe("600");
    expect(problems).toMatchObject([{ code: "permissions_repaired" }]);
  });

  posix("of a shared folder are left alone: it is refused", async () => {
    const directory = temporaryFolder();
    chmodSync(directory, 0o1777);
    await expect(open("none", directory)).rejects.toEqual(refused("not_private"));
    expect(lstatSync(directory).mode & 0o7777).toBe(0o1777);
  });

  posix("that the file system does not keep, as on some network drives: it is refused", () => {
    const report = jest.fn();
    const permissions = { change: () => undefined, look: () => ({ mode: 0o100777 }) };
    expect(() => makePrivate("/mnt/c/app", 0o700, report, permissions)).toThrow(
      "not_private: Other users can access /mnt/c/app, and that cannot be changed: pass a directory on a file system with permissions.",
    );
    expect(report).not.toHaveBeenCalled();
  });

  posix("of another user's folder or file: it is refused", async () => {
    if (process.getuid?.() !== 0) {
      await expect(open("none", "/")).rejects.toEqual(refused("not_private"));
      return;
    }
    const { file, directory } = await stored();
    chownSync(file, 65_534, 65_534);
    await expect(open("none", directory)).rejects.toEqual(refused("not_private"));
    chownSync(directory, 65_534, 65_534);
    await expect(open("none", directory)).rejects.toThrow(
      "belongs to another user (uid 65534, this process has 0)",
    );
  });
});

const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot("a process that has become another user, as a service does (only root can)", () => {
  const nobody = 65_534;
  const directory = temporaryFolder();
  beforeAll(() => {
    chownSync(directory, nobody, nobody);
    process.seteuid?.(nobody);
  });
  afterAll(() => process.seteuid?.(0));

  test("keeps its tokens in a folder of that user", async () => {
    const { plugin } = await open("none", directory);
    await save(plugin, () => text);
    expect(await load(plugin)).toBe(text);
  });

  test("is told why a folder that it must not enter is refused", async () => {
    chmodSync(directory, 0);
    await expect(open("none", directory)).rejects.toEqual(refused("storage_failed"));
    await expect(open("none", directory)).rejects.toThrow("permission denied (EACCES)");
  });
});

describe("at the place of the file", () => {
  posix("a symbolic link is refused, read or written: nothing is written where it leads", async () => {
    const { file, plugin } = await stored();
    const elsewhere = join(temporaryFolder(), "elsewhere.json");
    writeFileSync(elsewhere, text, { mode: 0o600 });
    const next = join(temporaryFolder(), "app");
    mkdirSync(next, { mode: 0o700 });
    symlinkSync(elsewhere, join(next, "token-cache.json"));
    await expect(open("none", next)).rejects.toThrow("is a symbolic link");

    // While the app runs.
    unlinkSync(file);
    symlinkSync(elsewhere, file);
    await expect(save(plugin, () => "{}")).rejects.toEqual(refused("not_private"));
    expect(readFileSync(elsewhere, "utf8")).toBe(text);
    expect(lstatSync(file).isSymbolicLink()).toBe(true);
  });

  test("a folder is refused", async () => {
    const directory = join(temporaryFolder(), "app");
    mkdirSync(join(directory, "token-cache.json"), { recursive: true, mode: 0o700 });
    await expect(open("none", directory)).rejects.toThrow("is a folder");

    // While the app runs.
    const { plugin, file } = await stored();
    unlinkSync(file);
    mkdirSync(file);
    await expect(load(plugin)).rejects.toThrow("is a folder");
    await expect(save(plugin, () => "{}")).rejects.toEqual(refused("not_private"));
    expect(readdirSync(join(file, "..", "locks"))).toEqual([]);
  });

  posix("a named pipe is refused, and not waited for", async () => {
    const directory = join(temporaryFolder(), "app");
    mkdirSync(directory, { mode: 0o700 });
    execFileSync("mkfifo", ["-m", "600", join(directory, "token-cache.json")]);
    await expect(open("none", directory)).rejects.toThrow("is not a regular file");
  });

  posix("a symbolic link to the whole folder is followed", async () => {
    const { directory } = await stored();
    const link = join(temporaryFolder(), "link");
    symlinkSync(directory, link);
    const { plugin, file } = await open("none", link);
    expect(file).toBe(join(directory, "token-cache.json"));
    expect(await load(plugin)).toBe(text);
  });
});

// In a process of its own, which can be ended: nothing else ends a call that never returns.
onLinux.each(["/proc/app", "/proc/no/app"])(
  "a folder that cannot be made although the one above is there is told of: %s",
  (directory) => {
    const program = `
      import { createPersistentCache } from "@tessera/persistence";
      await createPersistentCache({ appName: "app", directory: ${JSON.stringify(directory)}, protection: "none" })
        .catch(({ errorCode }) => console.log(errorCode));`;
    const options = { cwd: root, encoding: "utf8", timeout: 120_000, killSignal: "SIGKILL" } as const;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "--eval", program], options);
    expect(stdout.trim()).toBe("storage_failed");
  },
);

posix("a link to nowhere, and a file in the place of the folder, are told of", async () => {
  const folder = temporaryFolder();
  symlinkSync(join(folder, "nowhere"), join(folder, "link"));
  writeFileSync(join(folder, "file"), "");
  for (const directory of ["link", "link/below", "file", "file/below"])
    await expect(open("none", join(folder, directory))).rejects.toEqual(refused("storage_failed"));
});
