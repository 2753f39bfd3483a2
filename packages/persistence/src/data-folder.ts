import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * The folder in which the platform wants an app to keep its data.
 *
 * @param appName name of the folder
 * @param platform as `process.platform`
 * @param environment as `process.env`
 * @see XDG Base Directory Specification; File System Programming Guide (macOS); KNOWNFOLDERID (Windows)
 */
export function dataFolder(
  appName: string,
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  return join(base(platform, environment), appName);
}

function base(platform: NodeJS.Platform, { XDG_DATA_HOME, LOCALAPPDATA }: NodeJS.ProcessEnv): string {
  if (platform === "win32") return LOCALAPPDATA || join(homedir(), "AppData", "Local");
  if (platform === "darwin") return join(homedir(), "Library", "Application Support");
  // "If an implementation encounters a relative path it should consider the path invalid and ignore it."
  return XDG_DATA_HOME && isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(homedir(), ".local", "share");
}
