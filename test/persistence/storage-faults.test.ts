// The disk is full, or cannot be written: the app is told, and what was saved before stays.
import { readdirSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { accountOf } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import { mountSmallDisk, type SmallDisk } from "./small-disk.js";
import { alice, bob, scopes, startStage, type Stage } from "./stage.js";
import { load } from "./raw-access.js";
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
    await expect(refresh()).rejects.toThrow("the disk is full (ENOSPC); make room");
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
