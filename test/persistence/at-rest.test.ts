// What is on the disk: encrypted and whole; and what becomes of a file that is no cache.
// proves: persistence/src/create-persistent-cache.ts, persistence/src/protection/envelope.ts,
// persistence/src/protection/passphrase.ts, persistence/src/protection/protection.ts,
// persistence/src/protection/clear.ts, persistence/src/json.ts, persistence/src/node-crypto.ts, persistence/src/problem.ts
import { constants } from "node:buffer";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  linkSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, jest, test } from "@jest/globals";
import { PersistenceError, createPersistentCache } from "@tessera/persistence";
import { seal } from "../../packages/persistence/src/protection/envelope.js";
import { clearText } from "../../packages/persistence/src/protection/clear.js";
import { passphraseProtection } from "../../packages/persistence/src/protection/passphrase.js";
import { appName, modeOf, open, passphrase, posix, refused, secret, stored, text } from "./opened.js";
import { load, save } from "./raw-access.js";

describe("a cache that was saved", () => {
  test.each(["none", { passphrase }] as const)("is there for the next process (%j)", async (protection) => {
    const { plugin, directory } = await open(protection);
    await save(plugin, () => text);
    expect(await load((await open(protection, directory)).plugin)).toBe(text);
  });

  test.each([
    ["with a byte order mark", `\ufeff${text}`, text],
    ["with a line end behind it", `${text}\r\n`, text],
    ["without content", "", ""],
    ["with white space alone", " \r\n", ""],
    ["with a byte order mark and nothing else", "\ufeff", ""],
  ])("by an editor, %s, is not corrupt", async (_, content, means) => {
    const opened = await clearText.open(Buffer.from(content));
    expect("text" in opened ? opened.text.trim() : opened).toBe(means);
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
