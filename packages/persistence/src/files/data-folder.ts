import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import { PersistenceError } from "../errors.js";

/**
 * Returns the platform's standard folder for an app's data.
 *
 * @param appName name of the folder
 * @param platform like `process.platform`
 * @param environment like `process.env`
 * @param home like `os.homedir`
 * @throws PersistenceError `invalid_option` if the user has no home folder
 * @see XDG Base Directory Specification; File System Programming Guide (macOS); KNOWNFOLDERID (Windows)
 */
export function dataFolder(
  appName: string,
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
  home: () => string = homedir,
): string {
  const inHome = (...path: readonly string[]): string => join(homeFolder(home), ...path);
  // "If an implementation encounters a relative path it should consider the path invalid and ignore it."
  const absolute = (folder: string | undefined): string | undefined =>
    folder && isAbsolute(folder) ? folder : undefined;
  if (platform === "darwin") return inHome("Library", "Application Support", appName);
  const base =
    platform === "win32"
      ? (absolute(environment["LOCALAPPDATA"]) ?? inHome("AppData", "Local"))
      : (absolute(environment["XDG_DATA_HOME"]) ?? inHome(".local", "share"));
  return join(base, appName);
}

function homeFolder(home: () => string): string {
  let reason: unknown;
  try {
    const folder = home();
    if (isAbsolute(folder)) return folder;
  } catch (error) {
    // HOME is not set, and the user is unknown to the system.
    reason = error;
  }
  throw new PersistenceError(
    "invalid_option",
    "directory is undefined, and the user has no home folder: set HOME, or pass the absolute path of a folder.",
    reason,
  );
}
