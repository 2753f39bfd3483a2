import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** Returns the folder in which `tessera` keeps its profiles, as the platform has it. */
export function dataFolder(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "tessera");
  const [variable, ...inHome] =
    platform === "win32"
      ? (["LOCALAPPDATA", "AppData", "Local"] as const)
      : (["XDG_DATA_HOME", ".local", "share"] as const);
  const named = environment[variable];
  return join(named && isAbsolute(named) ? named : join(homedir(), ...inHome), "tessera");
}
