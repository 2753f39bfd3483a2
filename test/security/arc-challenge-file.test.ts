// proves: node/src/managed-identity/challenge-file.ts
// The Azure Arc agent listens at a port that any program can take when the agent is not running. Whoever answers there names
// a file, whose content is sent back: so only a file that the agent itself has written may be read.
import { execFileSync } from "node:child_process";
import { chownSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "@jest/globals";
import { challengeSecret } from "../../packages/node/src/managed-identity/challenge-file.js";

let root: string;
/** With a trailing slash. */
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "arc-"));
  folder = `${root}/tokens/`;
  mkdirSync(folder);
  writeFileSync(`${folder}agent.key`, "the-secret\n");
  writeFileSync(`${root}/foreign.key`, "a foreign secret");
});
afterEach(() => rmSync(root, { recursive: true }));
const answer = (path: string) => challengeSecret(`Basic realm=${path}`, {}, folder);
const refused = (path: string, errorCode: string) =>
  expect(answer(path)).rejects.toMatchObject({ name: "ManagedIdentityError", errorCode });

it("the file of the agent is read, without the line end", async () => {
  expect(await answer(`${folder}agent.key`)).toBe("the-secret");
});

describe("refused is", () => {
  test.each<[string, string, (path: string) => void]>([
    ["a symbolic link", "unable_to_read_secret_file", (path) => symlinkSync(`${root}/foreign.key`, path)],
    [
      "a link to the agent's own file",
      "unable_to_read_secret_file",
      (path) => symlinkSync(`${folder}agent.key`, path),
    ],
    [
      "a second name of a file",
      "unable_to_read_secret_file",
      (path) => linkSync(`${root}/foreign.key`, path),
    ],
    ["a folder", "unable_to_read_secret_file", (path) => mkdirSync(path)],
    ["nothing", "unable_to_read_secret_file", () => undefined],
    ["an empty file", "invalid_secret", (path) => writeFileSync(path, " \n")],
    ["a file of 4,097 bytes", "invalid_secret", (path) => writeFileSync(path, "x".repeat(4097))],
    ["a file of two lines", "invalid_secret", (path) => writeFileSync(path, "a\r\nX-Header: b")],
    [
      "a file of other bytes",
      "invalid_secret",
      (path) => writeFileSync(path, Buffer.from([0xff, 0x00, 0x41])),
    ],
  ])("%s", async (_, code, make) => {
    make(`${folder}other.key`);
    await refused(`${folder}other.key`, code);
  });

  it("a file of 4,096 bytes is not", async () => {
    writeFileSync(`${folder}other.key`, "x".repeat(4096));
    expect(await answer(`${folder}other.key`)).toHaveLength(4096);
  });

  (process.platform === "linux" ? test : test.skip)("a pipe, without waiting for its writer", async () => {
    execFileSync("mkfifo", [`${folder}pipe.key`]);
    await refused(`${folder}pipe.key`, "unable_to_read_secret_file");
  });

  (process.getuid?.() === 0 ? test : test.skip)("a file of another owner than the folder's", async () => {
    chownSync(`${folder}agent.key`, 12_345, 12_345);
    await refused(`${folder}agent.key`, "unable_to_read_secret_file");
    chownSync(folder, 12_345, 12_345);
    expect(await answer(`${folder}agent.key`)).toBe("the-secret");
  });

  it("a folder that is a link", async () => {
    const real = folder;
    folder = `${root}/link/`;
    symlinkSync(real, folder.slice(0, -1));
    await refused(`${folder}agent.key`, "unable_to_read_secret_file");
  });

  test.each([
    "/etc/agent.key",
    "agent.key",
    "../foreign.key",
    "FOLDER../foreign.key",
    "FOLDERa/../agent.key",
    "FOLDERa\\agent.key",
    "FOLDER\0agent.key",
    " FOLDERagent.key",
    '"FOLDERagent.key',
    "//etc/agent.key",
  ])("the path %j", async (path) => {
    await refused(path.replace("FOLDER", folder), "invalid_file_path");
  });

  test.each([
    "FOLDERagent.txt",
    "FOLDERagent",
    "FOLDERagent.key ",
    "FOLDERagent.key\0",
    "FOLDERagent.KEY",
    "/etc/passwd",
    "",
  ])("the extension of %j", async (path) => {
    await refused(path.replace("FOLDER", folder), "invalid_file_extension");
  });
});

test("a platform without Azure Arc reads no file", async () => {
  const challenge = challengeSecret("Basic realm=/x.key", {}, undefined);
  await expect(process.platform === "linux" ? challengeOn("darwin") : challenge).rejects.toMatchObject({
    errorCode: "platform_not_supported",
  });
  if (process.platform === "linux")
    await expect(challenge).rejects.toMatchObject({ errorCode: "invalid_file_path" });
});

async function challengeOn(platform: string): Promise<string> {
  const own = Object.getOwnPropertyDescriptor(process, "platform") as PropertyDescriptor;
  Object.defineProperty(process, "platform", { ...own, value: platform });
  try {
    return await challengeSecret("Basic realm=/x.key", {});
  } finally {
    Object.defineProperty(process, "platform", own);
  }
}

test("an error shows neither the path nor the content", async () => {
  writeFileSync(`${folder}other.key`, "a secret\r\nof two lines");
  const error = await answer(`${folder}other.key`).catch((thrown: unknown) => thrown);
  expect(String(error)).not.toMatch(/a secret|two lines|other\.key/);
});
