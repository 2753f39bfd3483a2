// The disk is full, or cannot be written: the app is told, and what was saved before stays.
// proves: persistence/src/errors.ts, persistence/src/files/private-file.ts
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as immediate } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from "@jest/globals";
import { accountOf } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import { clearText } from "../../packages/persistence/src/protection/clear.js";
import { openStoredCache } from "../../packages/persistence/src/stored-cache.js";
import { temporaryFolder } from "./folder.js";
import { mountCoarseDisk, mountSmallDisk, type SmallDisk } from "./small-disk.js";
import { alice, bob, scopes, startStage, type Stage } from "./stage.js";
import { load, save } from "./raw-access.js";
import { createPersistentCache } from "@tessera/persistence";

const probe = mountSmallDisk();
probe?.unmount();
const describeWhenMountable = probe ? describe : describe.skip;

describeWhenMountable("on a small file system (only root can mount one)", () => {
  let stage: Stage;
  let disk: SmallDisk;
  beforeAll(async () => {
    stage = await startStage();
  });
  afterAll(() => stage.close());
  beforeEach(() => {
    disk = mountSmallDisk() as SmallDisk;
  });
  afterEach(() => {
    disk.unmount();
  });

  test("that is full, a save fails with a text that says so; the old cache is whole, and all goes on when there is room", async () => {
    const cache = stage.cache({ directory: disk.folder });
    const plugin = await createPersistentCache(cache);
    const app = stage.entra.publicClient({ cache: { cachePlugin: plugin } });
    const account = accountOf(await signInWithCode(stage.entra, app, scopes));
    const before = readFileSync(plugin.file, "utf8");

    disk.fill();
    const refresh = () => app.acquireTokenSilent({ account, scopes, forceRefresh: true });
    await expect(refresh()).rejects.toMatchObject({ name: "PersistenceError", errorCode: "storage_failed" });
    await expect(refresh()).rejects.toThrow("the disk is full (ENOSPC); free some space");
    expect(readFileSync(plugin.file, "utf8")).toBe(before);
    expect(await app.acquireTokenSilent({ account, scopes })).toMatchObject({ fromCache: true });
    expect(await load(await createPersistentCache(cache))).toBe(before);

    disk.empty();
    expect(await refresh()).toMatchObject({ fromCache: false });
    expect(readFileSync(plugin.file, "utf8")).not.toBe(before);
    expect(readdirSync(disk.folder).sort()).toEqual(["locks", "token-cache.json"]);
    expect(readdirSync(`${disk.folder}/locks`)).toEqual([]);
  });

  test("that is read-only, an empty cache is refused at once, before anybody signs in in vain", async () => {
    disk.makeReadOnly();
    await expect(stage.app({ ...stage.cache(), directory: disk.folder })).rejects.toMatchObject({
      errorCode: "storage_failed",
      message: expect.stringContaining("read-only (EROFS)"),
    });
  });

  test("that has become read-only, tokens are still read, and a sign-in fails with a text that says why", async () => {
    const cache = stage.cache({ directory: disk.folder });
    const [account] = await stage.signIn(cache, alice);
    disk.makeReadOnly();
    const app = await stage.app(cache);
    expect(await app.getAllAccounts()).toHaveLength(1);
    expect(await app.acquireTokenSilent({ account: account as never, scopes })).toMatchObject({
      fromCache: true,
    });
    await expect(signInWithCode(stage.entra, app, scopes, bob)).rejects.toThrow("read-only (EROFS)");
    expect(await app.getAllAccounts()).toHaveLength(1);
  });
});

const coarse = mountCoarseDisk();
(coarse ? test : test.skip)(
  "on a file system that counts time in seconds a sibling still sees each of many changes within one second",
  async () => {
    try {
      const options = { appName: "app", directory: coarse?.folder ?? "", protection: "none" } as const;
      const writer = await createPersistentCache(options);
      const sibling = await createPersistentCache(options);
      for (let count = 10; count < 20; count += 1) {
        await save(writer, () => JSON.stringify({ count }));
        if (count % 2 === 0) expect(JSON.parse(await load(sibling))).toEqual({ count });
      }
    } finally {
      coarse?.unmount();
    }
  },
);

test("a folder that cannot be listed is an error that leaves no lock behind", async () => {
  const folder = temporaryFolder();
  const directory = join(folder, "app");
  const cache = openStoredCache(join(directory, "cache"), join(folder, "locks"), clearText, () => undefined);
  await expect(cache.lock()).rejects.toMatchObject({ name: "PersistenceError", errorCode: "storage_failed" });
  mkdirSync(directory);
  (await cache.lock()).release();
  rmSync(directory, { recursive: true });
});

test("a load that ends late does not keep a change from being saved", async () => {
  const folder = temporaryFolder();
  let arrive = (): void => undefined;
  let slow = false;
  const protection = {
    ...clearText,
    open: async (content: Buffer) => {
      if (slow) await new Promise<void>((resolve) => (arrive = resolve));
      return clearText.open(content);
    },
  };
  const open = (over = clearText) =>
    openStoredCache(join(folder, "cache"), join(folder, "locks"), over, jest.fn());
  const write = async (cache: ReturnType<typeof open>, text: string): Promise<void> => {
    const lock = await cache.lock();
    await cache.load(lock);
    await cache.save(text, lock);
    lock.release();
  };
  const [cache, sibling] = [open(protection), open()];
  await write(sibling, '{"alice":1}');
  slow = true;
  const late = cache.load();
  slow = false;
  await write(sibling, '{"alice":1,"bob":1}');

  const lock = await cache.lock();
  expect(await cache.load(lock)).toBe('{"alice":1,"bob":1}');
  arrive();
  await late;
  await cache.save('{"alice":1}', lock);
  lock.release();
  expect(await sibling.load()).toBe('{"alice":1}');
});

// There is no Windows here: a file that Linux keeps from being replaced stands for one that a virus scanner has opened.
describe("on Windows, a file that somebody has just opened", () => {
  const immutable = (file: string, be: boolean): boolean =>
    spawnSync("chattr", [be ? "+i" : "-i", file], { stdio: "ignore" }).status === 0;
  const probeFile = join(temporaryFolder(), "probe");
  writeFileSync(probeFile, "");
  const possible = immutable(probeFile, true) && immutable(probeFile, false);

  (possible ? test : test.skip)("is replaced, or set aside, as soon as it can be", async () => {
    const platform = Object.getOwnPropertyDescriptor(process, "platform") ?? {};
    Object.defineProperty(process, "platform", { ...platform, value: "win32" });
    const directory = temporaryFolder();
    const cache = await createPersistentCache({
      appName: "app",
      directory,
      protection: "none",
      onProblem: jest.fn(),
    });
    await save(cache, () => "{}");
    immutable(cache.file, true);
    const saved = save(cache, () => '{"a":1}');
    while (!readdirSync(directory).some((name) => name.includes(".new-"))) await immediate();
    await immediate();
    immutable(cache.file, false);
    await saved;
    expect(readFileSync(cache.file, "utf8")).toBe('{"a":1}');

    writeFileSync(cache.file, "junk");
    immutable(cache.file, true);
    const loaded = load(cache);
    await immediate();
    immutable(cache.file, false);
    expect(await loaded).toBe("");
    Object.defineProperty(process, "platform", platform);
  });
});
