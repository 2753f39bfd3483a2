import type { Stats } from "node:fs";
import { isHeaderValue } from "@tessera/core/internal";
import { managedIdentityError } from "./managed-identity-error.js";
import type { Environment } from "./source.js";

/** The folders that only the agent writes to. */
const FOLDERS: Readonly<Partial<Record<string, (environment: Environment) => string>>> = {
  linux: () => "/var/opt/azcmagent/tokens/",
  win32: ({ ProgramData = "" }) => `${ProgramData}\\AzureConnectedMachineAgent\\Tokens\\`,
};

const MAX_BYTES = 4096;

const SCHEME = "Basic realm=";

/**
 * Reads the file that the challenge of the Azure Arc agent names. A program that can read the file belongs to the group
 * that the administrator has allowed to use the identity. Another program may listen at the agent's port, so only a file
 * of the agent is read: its content is sent to that port.
 *
 * @param challenge the header `www-authenticate`
 * @param folder the agent's folder with a trailing separator; that of the platform by default
 * @throws ManagedIdentityError with the codes of MSAL Node
 */
export async function challengeSecret(
  challenge: string | undefined,
  environment: Environment,
  folder = FOLDERS[process.platform]?.(environment),
): Promise<string> {
  if (!challenge) {
    throw managedIdentityError(
      "www_authenticate_header_missing",
      "The endpoint returned HTTP 401 without the header www-authenticate: update the Azure Arc agent.",
    );
  }
  const start = challenge.indexOf(SCHEME);
  if (start < 0) {
    throw managedIdentityError(
      "www_authenticate_header_unsupported_format",
      'The header www-authenticate of the endpoint has no "Basic realm={path}": update the Azure Arc agent.',
    );
  }
  if (folder === undefined) {
    throw managedIdentityError(
      "platform_not_supported",
      `Azure Arc supports Linux and Windows, not ${process.platform}.`,
    );
  }
  const path = challenge.slice(start + SCHEME.length);
  if (!path.endsWith(".key")) {
    throw managedIdentityError(
      "invalid_file_extension",
      "The path in the header www-authenticate does not end in .key: another program may be listening at the agent's port.",
    );
  }
  const name = path.slice(folder.length);
  if (!path.startsWith(folder) || /[/\\\0]/.test(name)) {
    throw managedIdentityError(
      "invalid_file_path",
      `The path in the header www-authenticate is not a file in ${folder}: another program may be listening at the agent's port.`,
    );
  }
  return readSecret(path, folder);
}

async function readSecret(path: string, folder: string): Promise<string> {
  const { constants, promises: fs } = process.getBuiltinModule("node:fs");
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  // Windows has neither of the flags. Without O_NONBLOCK, opening a pipe would wait for its writer.
  const file = await fs.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: unknown) => {
    throw unreadable(`it cannot be opened (${String((error as NodeJS.ErrnoException).code)})`);
  });
  try {
    const [opened, named, parent] = await Promise.all([
      file.stat(),
      fs.lstat(path),
      fs.lstat(folder.slice(0, -1)),
    ]);
    const fault = faultOf(opened, named, parent);
    if (fault) throw unreadable(fault);
    const content = Buffer.alloc(MAX_BYTES + 1);
    const { bytesRead } = await file.read(content, 0, content.length, 0);
    const secret = content.toString("utf8", 0, bytesRead).trim();
    if (bytesRead <= MAX_BYTES && secret !== "" && isHeaderValue(secret)) return secret;
    throw managedIdentityError(
      "invalid_secret",
      `The file that the header www-authenticate names holds no secret, or more than ${MAX_BYTES} bytes.`,
    );
  } finally {
    await file.close();
  }
}

function faultOf(opened: Stats, named: Stats, folder: Stats): string | undefined {
  if (!folder.isDirectory()) return "its folder is a link";
  if (!opened.isFile() || !named.isFile()) return "it is not a regular file";
  if (opened.nlink !== 1) return "it has several names";
  if (opened.uid !== folder.uid) return "it does not belong to the owner of its folder";
  return undefined;
}

function unreadable(why: string): Error {
  return managedIdentityError(
    "unable_to_read_secret_file",
    `The file that the header www-authenticate names is not read, because ${why}: run the program as a member of the group himds (Linux) or as an administrator (Windows).`,
  );
}
