// What is on the disk: encrypted, whole, the user's alone; and what becomes of a file that is something else.
import { constants } from "node:buffer";
import { execFileSync } from "node:child_process";
import { randomBytes, scryptSync } from "node:crypto";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { PersistenceError, createPersistentCache, type PersistenceProblem } from "@tessera/persistence";
import { seal } from "../../packages/persistence/src/envelope.js";
import { clearText } from "../../packages/persistence/src/clear.js";
import { passphraseProtection } from "../../packages/persistence/src/passphrase.js";
import { makePrivate } from "../../packages/persistence/src/private-folder.js";
import { temporaryFolder } from "./folder.js";
import { load, save } from "./raw-access.js";

const appName = "contoso-cli";
const passphrase = "correct horse battery staple";
const secret = "the refresh token";
const text = JSON.stringify({ RefreshToken: { key: { secret } } });
const posix = process.platform === "win32" ? test.skip : test;

/** Opens a cache, and collects what it reports. */
async function open(protection: "none" | { passphrase: string }, directory = join(temporaryFolder(), "app")) {
  const problems: PersistenceProblem[] = [];
  const onProblem = (problem: PersistenceProblem) => void problems.push(problem);
  const plugin = await createPersistentCache({ appName, directory, protection, onProblem });
  return { plugin, problems, directory, file: plugin.file };
}

/** A cache with a text in it. */
async function stored(protection: "none" | { passphrase: string } = "none") {
  if (protection === "none") {
    const opened = await open(protection);
    await save(opened.plugin, () => text);
    return opened;
  }
  // A key that costs less than one the product would make: how it is made is in the file, and stays.
  const directory = join(temporaryFolder(), "app");
  mkdirSync(directory, { mode: 0o700 });
  const parameters = { name: "scrypt", N: 2, r: 8, p: 1, salt: "c2FsdHNhbHRzYWx0c2FsdA" } as const;
  const key = scryptSync(protection.passphrase, Buffer.from(parameters.salt, "base64url"), 32, parameters);
  writeFileSync(join(directory, "token-cache.passphrase.jwe"), seal(text, key, parameters), { mode: 0o600 });
  return open(protection, directory);
}

const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);
const refused = (errorCode: string) => expect.objectContaining({ name: "PersistenceError", errorCode });

describe("a cache that was saved", () => {
  test.each(["none", { passphrase }] as const)("is there for the next process (%j)", async (protection) => {
    const { plugin, directory } = await open(protection);
    await save(plugin, () => text);
    expect(await load((await open(protection, directory)).plugin)).toBe(text);
  });

  test("with a passphrase shows no token, and says how its key is made: scrypt, by OWASP's figures", async () => {
    const { plugin, file } = await open({ passphrase });
    await save(plugin, () => text);
    const content = readFileSync(file, "ascii");
    expect(content).not.toContain(secret);
    expect(content).not.toContain(Buffer.from(secret).toString("base64url").slice(0, -2));
    const header = JSON.parse(Buffer.from(content.split(".")[0] ?? "", "base64url").toString()) as object;
    expect(header).toMatchObject({
      alg: "dir",
      enc: "A256GCM",
      kdf: { name: "scrypt", N: 131_072, r: 8, p: 1 },
    });
  });

  test.each(["clear", "encrypted"])(
    "is the same after the way through the file, whatever is in it (%s)",
    async (kind) => {
      const protection = kind === "clear" ? clearText : passphraseProtection(passphrase);
      const sealed = async (value: string) => Buffer.from(await protection.seal(value));
      // Characters of one to four bytes, in every place relative to the ends of the pieces that are encrypted at a time.
      for (const filler of ["a", "é", "連", "😀", "a😀"]) {
        for (let shift = 0; shift < 4; shift += 1) {
          const value = JSON.stringify({ filler: "x".repeat(shift) + filler.repeat(40_000) });
          expect(await protection.open(await sealed(value))).toEqual({ text: value });
        }
      }
    },
  );

  test("is another text in the file each time, the passphrase's salt aside", async () => {
    const { plugin, file } = await stored({ passphrase });
    const before = readFileSync(file, "ascii").split(".");
    await save(plugin, () => `${text} `);
    const after = readFileSync(file, "ascii").split(".");
    expect(after[0]).toBe(before[0]);
    expect(after[2]).not.toBe(before[2]);
    expect(after[3]).not.toBe(before[3]);
  });

  test("in clear is the JSON that every MSAL library reads", async () => {
    const { file } = await stored();
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  posix("is the user's alone: file 0600, folders 0700", async () => {
    const { file, directory } = await stored();
    expect(modeOf(file)).toBe("600");
    expect(modeOf(directory)).toBe("700");
    expect(modeOf(join(directory, "locks"))).toBe("700");
  });

  test("is not written again when nothing has changed", async () => {
    const { plugin, file } = await stored();
    const before = statSync(file).mtimeMs;
    await save(plugin, (loaded) => loaded);
    expect(statSync(file).mtimeMs).toBe(before);
  });

  test("leaves nothing beside it: no temporary file, no lock", async () => {
    const { directory } = await stored();
    expect(readdirSync(directory).sort()).toEqual(["locks", "token-cache.json"]);
    expect(readdirSync(join(directory, "locks"))).toEqual([]);
  });

  posix("is replaced by a new file, never written into: a reader keeps the old one whole", async () => {
    const { plugin, file } = await stored();
    const kept = `${file}-kept`;
    linkSync(file, kept);
    await save(plugin, () => "{}");
    expect(readFileSync(kept, "utf8")).toBe(text);
    expect(readFileSync(file, "utf8")).toBe("{}");
  });

  test("has a later time with each save, however fast they follow: no two contents look alike", async () => {
    const { plugin, file } = await stored();
    const times = [];
    for (let round = 0; round < 20; round += 1) {
      await save(plugin, () => JSON.stringify({ round }));
      times.push(statSync(file, { bigint: true }).mtimeNs);
    }
    expect(new Set(times).size).toBe(20);
    expect([...times].sort((a, b) => Number(a - b))).toEqual(times);
  });

  test("is not opened with another passphrase, and stays as it is", async () => {
    const { file, directory } = await stored({ passphrase });
    const before = readFileSync(file);
    await expect(open({ passphrase: "a guess" }, directory)).rejects.toEqual(refused("wrong_passphrase"));
    expect(readFileSync(file)).toEqual(before);
  });

  test("that another passphrase was put on while the app runs is neither read nor overwritten", async () => {
    const { plugin, file } = await stored({ passphrase });
    const cheap = { name: "scrypt", N: 2, r: 1, p: 1, salt: randomBytes(16).toString("base64url") } as const;
    const theirs = seal(text, randomBytes(32), cheap);
    writeFileSync(file, theirs);
    await expect(load(plugin)).rejects.toEqual(refused("wrong_passphrase"));
    await expect(save(plugin, () => "{}")).rejects.toEqual(refused("wrong_passphrase"));
    expect(readFileSync(file)).toEqual(theirs);
  });

  test("is not opened when a later version has written it, and stays as it is", async () => {
    const { plugin, file, directory } = await stored({ passphrase });
    const header = { typ: "tessera-token-cache", v: 2 };
    const later = `${Buffer.from(JSON.stringify(header)).toString("base64url")}..AA.AA.AA`;
    writeFileSync(file, later);
    await expect(open({ passphrase }, directory)).rejects.toEqual(refused("newer_format"));
    // Nor by an older version that runs already.
    await expect(save(plugin, () => "{}")).rejects.toEqual(refused("newer_format"));
    expect(readFileSync(file, "ascii")).toBe(later);
  });

  test("is not taken for another kind of protection: a clear file put in its place is never read", async () => {
    const { directory } = await stored("none");
    expect(await load((await open({ passphrase }, directory)).plugin)).toBe("");
  });
});

describe("a file that is no cache is set aside, reported once, and never overwritten", () => {
  test.each<[what: string, protection: "none" | { passphrase: string }, spoil: (file: string) => void]>([
    ["empty", "none", (file) => truncateSync(file, 0)],
    ["torn", "none", (file) => truncateSync(file, 20)],
    ["binary", "none", (file) => writeFileSync(file, Buffer.from([0, 1, 2, 255]))],
    ["JSON of something else", "none", (file) => writeFileSync(file, "[]")],
    ["torn", { passphrase }, (file) => truncateSync(file, readFileSync(file).length - 7)],
    ["in clear", { passphrase }, (file) => writeFileSync(file, text)],
  ])("%s (%j)", async (_, protection, spoil) => {
    const { file, directory, plugin: running, problems: told } = await stored(protection);
    spoil(file);
    const spoilt = readFileSync(file);

    const next = await open(protection, directory);
    expect(next.problems).toMatchObject([{ code: "corrupt", path: file }]);
    const aside = next.problems[0]?.setAsideAs ?? "";
    expect(aside).toMatch(/\.corrupt-\d{8}T\d{6}\.\d{3}Z$/);
    expect(dirname(aside)).toBe(directory);
    expect(readFileSync(aside)).toEqual(spoilt);
    expect(next.problems[0]?.message).toContain(aside);

    // A process that runs already is not told again; everybody goes on with an empty cache.
    expect(await load(running)).toBe("");
    expect(told).toEqual([]);
    await save(next.plugin, () => text);
    expect(await load(running)).toBe(text);
    expect(readFileSync(aside)).toEqual(spoilt);
  });

  test("longer than a text can be", async () => {
    const file = Buffer.alloc(constants.MAX_STRING_LENGTH + 1);
    expect(await clearText.open(file)).toEqual({ unreadable: "corrupt" });
  });

  test("several, one after the other, are all kept", async () => {
    const { file, directory } = await stored();
    for (const junk of ["one", "two", "three"]) {
      writeFileSync(file, junk);
      await open("none", directory);
    }
    const kept = readdirSync(directory).filter((name) => name.includes(".corrupt-"));
    expect(kept.map((name) => readFileSync(join(directory, name), "utf8")).sort()).toEqual([
      "one",
      "three",
      "two",
    ]);
  });

  test("is reported as a warning of Node.js when nobody listens", async () => {
    const { file, directory } = await stored();
    writeFileSync(file, "junk");
    const warn = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    await createPersistentCache({ appName, directory, protection: "none" });
    const options = { type: "PersistenceWarning", code: "corrupt" };
    expect(warn.mock.calls).toEqual([[expect.stringContaining("users have to sign in again"), options]]);
    warn.mockRestore();
  });
});

describe("a listener that fails does not keep the app from its tokens, and the problem becomes a warning", () => {
  test.each<[string, () => void]>([
    [
      "throws",
      () => {
        throw new Error("no log today");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no log today"))],
  ])("it %s", async (_, onProblem) => {
    const { file, directory } = await stored();
    chmodSync(file, 0o644);
    const warn = jest.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const plugin = await createPersistentCache({ appName, directory, protection: "none", onProblem });
    expect(await load(plugin)).toBe(text);
    writeFileSync(file, "junk");
    expect(await load(plugin)).toBe("");
    expect(warn.mock.calls.map(([, options]) => options)).toEqual([
      { type: "PersistenceWarning", code: "permissions_repaired" },
      { type: "PersistenceWarning", code: "corrupt" },
    ]);
    warn.mockRestore();
  });
});

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
      "not_private: /mnt/c/app can be read by others, and that cannot be changed: pass a directory on a file system that keeps permissions.",
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
    await expect(open("none", directory)).rejects.toThrow("is no plain file");
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

test("an error is a PersistenceError with a code and a text, as MSAL's errors are", async () => {
  const error: unknown = await open({ passphrase: "" }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PersistenceError);
  expect(error).toMatchObject({
    errorCode: "invalid_option",
    message: expect.stringMatching(/^invalid_option: /),
  });
});

test("nothing in an encrypted file can be changed unnoticed, and no file makes the process work for hours", async () => {
  const protection = passphraseProtection(passphrase);
  const parts = (await protection.seal(text)).toString().split(".");
  const open = (content: string) => protection.open(Buffer.from(content));
  const header = JSON.parse(Buffer.from(parts[0] ?? "", "base64url").toString()) as { kdf: object };
  const withHeader = (over: object) => [base64Url({ ...header, ...over }), ...parts.slice(1)].join(".");
  const changed = [
    ...[2, 3, 4].map((part) =>
      parts.map((value, index) => (index === part ? flipped(value) : value)).join("."),
    ),
    withHeader({ extra: true }),
    withHeader({ alg: "A256KW" }),
    withHeader({ enc: "A128GCM" }),
    withHeader({ kdf: { ...header.kdf, N: 2 ** 40 } }),
    withHeader({ kdf: { ...header.kdf, p: 1000 } }),
    [...parts, "AA"].join("."),
  ];
  expect(await open(parts.join("."))).toEqual({ text });
  for (const content of changed) expect(await open(content)).toEqual({ unreadable: "corrupt" });
});

test("a file of somebody who does not know the passphrase has no say in how the key is made", async () => {
  const protection = passphraseProtection(passphrase);
  const cheap = { name: "scrypt", N: 2, r: 1, p: 1, salt: randomBytes(16).toString("base64url") } as const;
  const theirs = seal(text, randomBytes(32), cheap);
  await expect(protection.open(theirs)).rejects.toEqual(refused("wrong_passphrase"));
  const [header = ""] = (await protection.seal(text)).toString().split(".");
  expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ kdf: { N: 131_072 } });
});

const base64Url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** base64url with one bit changed. */
function flipped(encoded: string): string {
  const bytes = Buffer.from(encoded, "base64url");
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return bytes.toString("base64url");
}
