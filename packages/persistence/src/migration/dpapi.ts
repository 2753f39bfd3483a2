import { join } from "node:path";
import { PersistenceError } from "../errors.js";

const SCRIPT = `
Add-Type -AssemblyName System.Security
$blob = [Convert]::FromBase64String([Console]::In.ReadToEnd())
$text = [Security.Cryptography.ProtectedData]::Unprotect($blob, $null, 'CurrentUser')
[Console]::Out.Write([Convert]::ToBase64String($text))
`;

/**
 * Decrypts data that Windows encrypted for the current user (`CryptUnprotectData`), using Windows PowerShell.
 *
 * @param powershell path of the executable
 * @throws PersistenceError `migration_failed`
 */
export async function unprotect(blob: Buffer, powershell = powershellOfWindows()): Promise<string> {
  // Loaded on use, to keep the start fast.
  const { spawnSync } = await import("node:child_process");
  const parameters = ["-NoProfile", "-NonInteractive", "-Command", SCRIPT];
  const { status, stdout, stderr, error } = spawnSync(powershell, parameters, {
    input: blob.toString("base64"),
    encoding: "utf8",
    maxBuffer: Infinity,
    windowsHide: true,
  });
  if (status === 0) return Buffer.from(stdout, "base64").toString("utf8");
  // `stderr` is missing if the program could not be started.
  const reason = (stderr ?? "").trim().split("\n")[0] || (error?.message ?? `exit code ${String(status)}`);
  throw new PersistenceError(
    "migration_failed",
    `Windows cannot decrypt the cache of @azure/msal-node-extensions (${reason}): run as the user who stored it.`,
    error,
  );
}

/** The full path, so that the current folder is not searched for the program. */
function powershellOfWindows(): string {
  const windows = process.env["SystemRoot"] ?? "C:\\Windows";
  return join(windows, "System32", "WindowsPowerShell", "v1.0", "powershell.exe");
}
