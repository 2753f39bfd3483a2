import { mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { LocalAuthorityConfigurationError } from "../config/checks.js";
import { randomHandle } from "../crypto/opaque.js";
import { systemCode } from "../server/listener.js";

/** The challenge files of an Azure Arc agent: a caller that can read them may have tokens. */
export interface ChallengeFiles {
  /** Writes a file with a new secret. @returns its path */
  add(): Promise<string>;
  /** Whether a secret is the content of a file. */
  accepts(secret: string): boolean;
  /** Deletes the file of a secret, which is then no longer accepted. */
  drop(secret: string): Promise<void>;
  /** Deletes the files, and the folder if it did not exist before. */
  close(): Promise<void>;
}

/** Far more than the callers that answer a challenge at the same time. */
const limit = 100;

/** @throws {LocalAuthorityConfigurationError} if the folder cannot be written */
export async function createChallengeFiles(directory: string): Promise<ChallengeFiles> {
  let firstCreated: string | undefined;
  const files = new Map<string, string>();
  const drop = async (secret: string) => {
    const file = files.get(secret);
    files.delete(secret);
    if (file !== undefined) await rm(file, { force: true });
  };
  const add = async () => {
    const file = join(directory, `${randomUUID()}.key`);
    const secret = randomHandle();
    await explained(directory, async () => {
      // Another emulator may just have deleted it.
      firstCreated = (await mkdir(directory, { recursive: true })) ?? firstCreated;
      await writeFile(file, secret, { mode: 0o600, flag: "wx" });
    });
    files.set(secret, file);
    const [oldest = ""] = files.keys();
    if (files.size > limit) await drop(oldest);
    return file;
  };
  // Reports a folder that cannot be written before a client asks, and keeps it.
  await add();
  return {
    add,
    accepts: (secret) => files.has(secret),
    drop,
    close: async () => {
      await Promise.all([...files.keys()].map(drop));
      if (firstCreated !== undefined) await removeEmpty(directory, firstCreated);
    },
  };
}

/** The folder of the real agent; clients accept no other one. */
export function agentDirectory(): string {
  return process.platform === "win32"
    ? `${process.env["ProgramData"] ?? "C:\\ProgramData"}\\AzureConnectedMachineAgent\\Tokens`
    : "/var/opt/azcmagent/tokens";
}

async function explained<T>(directory: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const create =
      process.platform === "win32"
        ? "run this program as an administrator"
        : `create it once, with: sudo mkdir -p ${directory} && sudo chown "$USER" ${directory}`;
    throw new LocalAuthorityConfigurationError(
      "tokensDirectory",
      directory,
      `challenge files cannot be written there (${String(systemCode(cause))}), and clients accept no other folder: ${create}`,
      { cause },
    );
  }
}

/** Removes empty folders, from the innermost one up. */
async function removeEmpty(directory: string, last: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch {
    return;
  }
  if (directory !== last) await removeEmpty(dirname(directory), last);
}
