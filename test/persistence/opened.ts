import { scryptSync } from "node:crypto";
import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { createPersistentCache, type PersistenceProblem } from "@tessera/persistence";
import { seal } from "../../packages/persistence/src/protection/envelope.js";
import { temporaryFolder } from "./folder.js";
import { save } from "./raw-access.js";

export const appName = "contoso-cli";
export const passphrase = "correct horse battery staple";
export const secret = "the refresh token";
export const text = JSON.stringify({ RefreshToken: { key: { secret } } });
/** For what Windows does not have. */
export const posix = process.platform === "win32" ? test.skip : test;

/** Opens a cache, and collects what it reports. */
export async function open(
  protection: "none" | { passphrase: string },
  directory = join(temporaryFolder(), "app"),
) {
  const problems: PersistenceProblem[] = [];
  const onProblem = (problem: PersistenceProblem) => void problems.push(problem);
  const plugin = await createPersistentCache({ appName, directory, protection, onProblem });
  return { plugin, problems, directory, file: plugin.file };
}

/** A cache with a text in it. */
export async function stored(protection: "none" | { passphrase: string } = "none") {
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

export const modeOf = (path: string): string => (lstatSync(path).mode & 0o777).toString(8);
/** A PersistenceError with this code. */
export const refused = (errorCode: string) =>
  expect.objectContaining({ name: "PersistenceError", errorCode });
