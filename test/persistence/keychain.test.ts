// The operating system's keychain: gnome-keyring, through keytar.
// proves: persistence/src/protection/keychain.ts
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { compactDecrypt, decodeProtectedHeader } from "jose";
import { readEntry, type Keytar } from "../../packages/persistence/src/protection/keychain.js";
import { acquireLock } from "../../packages/persistence/src/lock/ticket-lock.js";
import { keyringIsAvailable, startKeyring, type Keyring } from "../support/keyring.js";
import { describeWith } from "../support/real-part.js";
import { root } from "../packages/workspace.js";
import { temporaryFolder } from "./folder.js";
import { onLinux } from "./on-linux.js";
import { alice, bob, scopes, startStage, type Stage } from "./stage.js";
import { startWorker, type Worker } from "./worker.js";

let stage: Stage;
let home: string;
let keyring: Keyring;
let appName: string;
let apps = 0;
beforeAll(async () => {
  stage = await startStage();
});
// To start a session takes a while: each test has an app of its own.
beforeEach(() => {
  appName = `contoso-cli-${(apps += 1)}`;
});
afterAll(() => stage.close());

/** A process in the user's desktop session, with the default protection and in the default folder. */
const start = (env = keyring.env, app = appName): Promise<Worker> =>
  startWorker({ ...stage.worker({ appName: app }), env });

/** A process in which a user has signed in. */
async function startSignedIn(): Promise<Worker> {
  const worker = await start();
  await worker.do({ call: "signIn", refreshToken: await stage.refreshToken(), scopes });
  return worker;
}

/** What the keychain holds for the app, and after it has been forgotten: nothing. */
const keychainEntries = (worker: Worker, then: "keep" | "forget" = "keep") =>
  worker.do({ call: "keychain", service: `${appName} token cache`, forget: then === "forget" });

const filesOf = (worker: Worker): readonly string[] => readdirSync(join(worker.file, "..")).sort();

describeWith("gnome-keyring", keyringIsAvailable, () => {
  beforeAll(async () => {
    home = temporaryFolder();
    keyring = await startKeyring(home, "unlocked");
  });
  afterAll(() => keyring.close());

  test("a user who has signed in is known to the next process, from the platform's data folder", async () => {
    const first = await start();
    expect(first.file).toBe(join(home, `.local/share/${appName}/token-cache.jwe`));
    const account = await first.do({ call: "signIn", refreshToken: await stage.refreshToken(), scopes });
    await first.kill();
    const second = await start();
    expect(await second.do({ call: "accounts" })).toMatchObject([{ username: alice }]);
    expect(await second.do({ call: "acquire", account, scopes })).toMatchObject({ fromCache: true });
  });

  test("an app in CommonJS has the same key", async () => {
    await startSignedIn();
    const script = `
      const { PublicClientApplication } = require("@tessera/node");
      require("@tessera/persistence").createPersistentCache({ appName: "${appName}" }).then(async (cachePlugin) => {
        const app = new PublicClientApplication({ auth: { clientId: "any" }, cache: { cachePlugin } });
        console.log(JSON.stringify(await app.getAllAccounts()));
      });`;
    const env = { ...process.env, ...keyring.env };
    const output = execFileSync(process.execPath, ["--eval", script], { cwd: root, env, encoding: "utf8" });
    expect(JSON.parse(output)).toMatchObject([{ username: alice }]);
  });

  test("the keychain holds 32 bytes, and with them any JOSE library opens the file", async () => {
    const worker = await startSignedIn();
    const [entry, ...others] = await keychainEntries(worker);
    expect(others).toEqual([]);
    const key = Buffer.from(entry?.password ?? "", "base64url");
    expect(key).toHaveLength(32);

    const file = readFileSync(worker.file, "ascii");
    expect(decodeProtectedHeader(file)).toMatchObject({ alg: "dir", enc: "A256GCM" });
    const { plaintext } = await compactDecrypt(file, key);
    expect(Object.keys(JSON.parse(Buffer.from(plaintext).toString()) as object)).toContain("RefreshToken");
  });

  test("processes that start at once for the first time agree on one key", async () => {
    const [first, ...others] = await Promise.all([start(), start(), start()]);
    expect(await keychainEntries(first)).toHaveLength(1);
    await first.do({ call: "signIn", refreshToken: await stage.refreshToken(), scopes });
    for (const worker of [first, ...others]) expect(await worker.do({ call: "accounts" })).toHaveLength(1);
  });

  test("while the key is there, the first to write does not wait for who would make one", async () => {
    const worker = await start();
    const making = await acquireLock(join(worker.file, "../locks"), "key");
    await worker.do({ call: "signIn", refreshToken: await stage.refreshToken(), scopes });
    making.release();
    expect(await worker.do({ call: "accounts" })).toMatchObject([{ username: alice }]);
  });

  describe("when the key is lost", () => {
    test("the cache is set aside and the user signs in again; one process is told, once", async () => {
      const before = await startSignedIn();
      const content = readFileSync(before.file);
      await keychainEntries(before, "forget");
      await before.kill();

      const after = await Promise.all(Array.from({ length: 3 }, () => start()));
      const problems = (await Promise.all(after.map((worker) => worker.do({ call: "problems" })))).flat();
      expect(problems).toMatchObject([{ code: "key_lost", path: before.file }]);
      expect(problems[0]?.message).toContain("users have to sign in again");
      expect(readFileSync(problems[0]?.setAsideAs ?? "")).toEqual(content);
      for (const worker of after) expect(await worker.do({ call: "accounts" })).toEqual([]);

      await after[0]?.do({ call: "signIn", refreshToken: await stage.refreshToken(bob), scopes });
      for (const worker of after)
        expect(await worker.do({ call: "accounts" })).toMatchObject([{ username: bob }]);
    });

    test("a process that runs on with the old key takes up the new one", async () => {
      const running = await startSignedIn();
      await keychainEntries(running, "forget");
      const next = await start();
      await next.do({ call: "signIn", refreshToken: await stage.refreshToken(bob), scopes });
      expect(await running.do({ call: "accounts" })).toMatchObject([{ username: bob }]);
      expect(await running.do({ call: "problems" })).toEqual([]);
    });

    test.each(["next", "running"] as const)("also when it is the first to write (%s)", async (opener) => {
      const running = await startSignedIn();
      await keychainEntries(running, "forget");
      // Somebody starts and finds the key lost; or the user has removed the file as well.
      const next = opener === "next" ? await start() : undefined;
      if (!next) rmSync(running.file);
      await running.do({ call: "signIn", refreshToken: await stage.refreshToken(bob), scopes });
      for (const worker of [next ?? running, await start()]) {
        expect(await worker.do({ call: "accounts" })).toMatchObject([{ username: bob }]);
        expect(await worker.do({ call: "problems" })).toHaveLength(worker === next ? 1 : 0);
      }
    });
  });

  test("while the keychain is away or locked, a process that runs keeps its tokens, the next one and a new app are refused, and nothing is lost", async () => {
    const running = await start();
    const account = await running.do({ call: "signIn", refreshToken: await stage.refreshToken(), scopes });
    await keyring.close();
    expect(await running.do({ call: "acquire", account, scopes, forceRefresh: true })).toMatchObject({
      fromCache: false,
    });
    const content = readFileSync(running.file);
    const expectNothingLost = async (): Promise<void> => {
      expect(filesOf(running)).toEqual(["locks", "token-cache.jwe"]);
      expect(readFileSync(running.file)).toEqual(content);
      expect(await running.do({ call: "accounts" })).toHaveLength(1);
    };
    await expect(start()).rejects.toMatchObject({ errorCode: "keychain_unavailable" });
    await expectNothingLost();

    keyring = await startKeyring(home, "locked");
    await expect(start()).rejects.toMatchObject({
      errorCode: "keychain_locked",
      message: expect.stringContaining("unlock it"),
    });
    // Tokens in clear are no way out.
    await expect(start(keyring.env, "an-app-that-has-never-run")).rejects.toMatchObject({
      errorCode: "keychain_locked",
    });
    await expectNothingLost();
    await keyring.close();

    keyring = await startKeyring(home, "unlocked");
    expect(await (await start()).do({ call: "accounts" })).toHaveLength(1);
  });
});

test.each([
  ["Linux", "Cannot create an item in a locked collection", "keychain_locked"],
  ["macOS, over SSH", "User interaction is not allowed.", "keychain_locked"],
  ["Linux, without a session", "Cannot autolaunch D-Bus without X11 $DISPLAY", "keychain_unavailable"],
])("an error of the keychain has a code that says what to do (%s)", async (_, message, errorCode) => {
  const broken = { getPassword: () => Promise.reject(new Error(message)) } as unknown as Keytar;
  const read = readEntry(broken, { service: "contoso", account: "key" });
  await expect(read).rejects.toMatchObject({ name: "PersistenceError", errorCode });
});

// Elsewhere a keychain is always there.
onLinux("without a keychain opening the cache is refused, and the error says what to do", async () => {
  const nothing = { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent", DISPLAY: undefined };
  const started = start({ ...nothing, HOME: temporaryFolder(), XDG_DATA_HOME: undefined });
  await expect(started).rejects.toMatchObject({ errorCode: "keychain_unavailable" });
  await expect(started).rejects.toThrow(/libsecret-1-0 .*\{ passphrase \}, or "none"/s);
});
