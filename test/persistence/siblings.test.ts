// Two processes of one app: what the one does, the other sees, without a restart and without reading for nothing.
// proves: persistence/src/stored-cache.ts
import { chmodSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { AccountInfo } from "@tessera/node";
import { createPersistentCache } from "@tessera/persistence";
import { clearText } from "../../packages/persistence/src/protection/clear.js";
import { openStoredCache } from "../../packages/persistence/src/stored-cache.js";
import { accountOf } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import { temporaryFolder } from "./folder.js";
import { alice, bob, scopes, startStage, type Stage } from "./stage.js";
import { startWorker } from "./worker.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

describe("a process that runs on", () => {
  test("sees a sibling's sign-in, refresh and sign-out", async () => {
    const cache = stage.cache();
    const app = await stage.app(cache);
    expect(await app.getAllAccounts()).toEqual([]);
    const sibling = await startWorker(stage.worker(cache));

    const now = stage.entra.clock.now();
    const account = await sibling.do(
      { call: "signIn", refreshToken: await stage.refreshToken(), scopes },
      now,
    );
    expect(await app.getAllAccounts()).toMatchObject([{ username: alice }]);

    const { accessToken } = await sibling.do({ call: "acquire", account, scopes, forceRefresh: true }, now);
    expect(await app.acquireTokenSilent({ account, scopes })).toMatchObject({ fromCache: true, accessToken });

    await sibling.do({ call: "signOut", account });
    expect(await app.getAllAccounts()).toEqual([]);
    await expect(app.acquireTokenSilent({ account, scopes })).rejects.toMatchObject({
      errorCode: "no_tokens_found",
    });
  });

  test("does not bring a user back whom a sibling has signed out", async () => {
    const cache = stage.cache();
    const [first] = (await stage.signIn(cache, alice)) as [AccountInfo];
    const app = await stage.app(cache);
    expect(await app.acquireTokenSilent({ account: first, scopes })).toMatchObject({ fromCache: true });
    const sibling = await startWorker(stage.worker(cache));
    await sibling.do({ call: "signOut", account: first });

    await signInWithCode(stage.entra, app, scopes, bob);
    expect(await sibling.do({ call: "accounts" })).toMatchObject([{ username: bob }]);
  });

  test("starts anew when the file is removed", async () => {
    const cache = stage.cache();
    await stage.signIn(cache, alice);
    const app = await stage.app(cache);
    expect(await app.getAllAccounts()).toHaveLength(1);
    rmSync(join(cache.directory, "token-cache.json"));
    expect(await app.getAllAccounts()).toEqual([]);
  });
});

test("two apps with one cache and client ids of their own lose nothing to each other", async () => {
  const cache = stage.cache();
  const open = async () => ({ cache: { cachePlugin: await createPersistentCache(cache) } });
  const apps = [stage.entra.publicClient(await open()), stage.entra.confidential(await open())];
  const accounts: AccountInfo[] = [];
  for (const app of apps) accounts.push(accountOf(await signInWithCode(stage.entra, app, scopes, alice)));

  const renewed = apps.map((app, index) =>
    app.acquireTokenSilent({ account: accounts[index] as AccountInfo, scopes, forceRefresh: true }),
  );
  const tokens = (await Promise.all(renewed)).map(({ accessToken }) => accessToken);
  expect(new Set(tokens).size).toBe(2);
  for (const [index, app] of apps.entries()) {
    const again = await app.acquireTokenSilent({ account: accounts[index] as AccountInfo, scopes });
    expect(again).toMatchObject({ fromCache: true, accessToken: tokens[index] });
  }
});

describe("a file that has not changed", () => {
  const opened = () => {
    const path = join(temporaryFolder(), "token-cache.json");
    let decrypted = 0;
    const protection = {
      ...clearText,
      open: (content: Buffer) => {
        decrypted += 1;
        return clearText.open(content);
      },
    };
    const cache = openStoredCache(path, join(path, "../locks"), protection, () => undefined);
    return { path, cache, decrypted: () => decrypted };
  };

  test("is neither read nor decrypted again, also after this process has written it", async () => {
    const { cache, decrypted } = opened();
    const lock = await cache.lock();
    await cache.save("{}", lock);
    lock.release();
    for (let access = 0; access < 10; access += 1) expect(await cache.load()).toBe("{}");
    expect(decrypted()).toBe(0);
  });

  test("is read again when another one stands in its place, be it as long and as old", async () => {
    const { path, cache, decrypted } = opened();
    writeFileSync(path, '{"a":1}', { mode: 0o600 });
    expect(await cache.load()).toBe('{"a":1}');
    const { atime, mtime } = statSync(path);
    const kept = join(path, "../kept");
    writeFileSync(kept, "so that the number of the old file is not given to the new one");
    writeFileSync(path, '{"a":2}');
    chmodSync(path, 0o600);
    utimesSync(path, atime, mtime);
    expect(await cache.load()).toBe('{"a":2}');
    expect(decrypted()).toBe(2);
  });
});
