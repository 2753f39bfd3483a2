// Where tokens are kept is the user's choice, and the first use says what there is to choose from.
// proves: cli/src/profiles/store.ts, cli/src/profiles/data-folder.ts
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { dataFolder } from "../../packages/cli/src/profiles/data-folder.js";
import { describeWith } from "../support/real-part.js";
import { keyringIsAvailable, startKeyring } from "../support/keyring.js";
import { startStage, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const login = (...more: readonly string[]): readonly string[] => ["login", ...stage.client, ...more];

test("without a keychain, the first use names the three stores and what each protects", async () => {
  const home = stage.home({ TESSERA_STORE: undefined, DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent" });
  const { code, stderr } = await home.run(login());
  expect(code).toBe(1);
  expect(stderr.trim().split("\n")).toHaveLength(1);
  expect(stderr).toMatch(
    /There is no keychain here: choose --store passphrase \(encrypted .*--store file \(not encrypted, only its owner .*--store keychain \(encrypted/,
  );
  expect(existsSync(join(home.profiles, "default/profile.json"))).toBe(false);
});

test("a passphrase in a file encrypts what is kept; a wrong one opens nothing", async () => {
  const home = stage.home({ TESSERA_STORE: undefined });
  const file = join(home.folder, "passphrase");
  writeFileSync(file, "correct horse battery staple\n");
  const env = { TESSERA_PASSPHRASE_FILE: file };
  const signedIn = await home.run(login("--store", "passphrase"), { env });
  expect(signedIn).toMatchObject({ code: 0 });
  // The profile remembers its store.
  expect(await home.run(["token"], { env })).toMatchObject({ code: 0, stderr: "" });
  expect(readFileSync(join(home.profiles, "default/token-cache.passphrase.jwe"), "utf8")).not.toContain(
    "RefreshToken",
  );
  writeFileSync(file, "another one");
  const wrong = await home.run(["token"], { env });
  expect(wrong).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^tessera: The passphrase is not the one/),
  });
  expect((await home.run(["token"])).stderr).toMatch(/needs TESSERA_PASSPHRASE_FILE: set it to the path/);
  writeFileSync(file, "\n");
  expect((await home.run(["token"], { env })).stderr).toMatch(
    /passphrase, which is empty: write the passphrase/,
  );
});

const keychainIsDefault = async (): Promise<void> => {
  const home = stage.home({ TESSERA_STORE: undefined });
  const place = join(home.folder, "session");
  mkdirSync(place);
  const keyring = await startKeyring(place, "unlocked");
  try {
    const env = { ...keyring.env, HOME: place };
    const signedIn = await home.run(login(), { env });
    expect(signedIn).toMatchObject({ code: 0 });
    const token = await home.run(["token"], { env });
    expect(token).toMatchObject({ code: 0, stderr: "" });
    expect(
      readFileSync(join(place, ".local/share/tessera/profiles/default/token-cache.jwe"), "utf8"),
    ).not.toContain(token.stdout.trim());
  } finally {
    await keyring.close();
  }
};

describeWith("gnome-keyring", keyringIsAvailable, () => {
  test("the keychain is the default", keychainIsDefault);
});

test.each([
  ["darwin", {}, /Library\/Application Support\/tessera$/],
  ["win32", { LOCALAPPDATA: "/appdata" }, /^\/appdata\/tessera$/],
  ["linux", { XDG_DATA_HOME: "/data" }, /^\/data\/tessera$/],
  ["linux", { XDG_DATA_HOME: "relative" }, /\.local\/share\/tessera$/],
] as const)("the folder is that of the platform: %s %j", (platform, environment, expected) => {
  expect(dataFolder(platform, environment)).toMatch(expected);
});
