import { statSync } from "node:fs";
import { posix, win32 } from "node:path";

/** How to start a program without a shell of the user's. */
export interface Start {
  readonly file: string;
  readonly args: readonly string[];
  /** A folder without programs: Windows looks for programs in the current folder first. */
  readonly cwd: string;
  /** The arguments are quoted already. */
  readonly windowsVerbatimArguments?: boolean;
}

/** The machine, for tests of another platform. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isFile: (path: string) => boolean;
}

const thisMachine: Machine = {
  get platform() {
    return process.platform;
  },
  get env() {
    return process.env;
  },
  isFile(path) {
    try {
      return statSync(path).isFile();
    } catch {
      return false;
    }
  },
};

/**
 * Finds a program on the PATH. On Windows, tools such as `az.cmd` are batch files, which only cmd.exe can run: it gets
 * quoted arguments without a character that it interprets.
 *
 * @param args letters, digits and `-_.:/=+,@` only
 * @returns nothing if the program is not installed
 */
export function startOf(
  program: string,
  args: readonly string[],
  { platform, env, isFile }: Machine = thisMachine,
): Start | undefined {
  if (!args.every((argument) => SAFE_ARGUMENT.test(argument))) throw new TypeError("An argument is not safe");
  const path = platform === "win32" ? win32 : posix;
  const folders = (variable(env, "PATH") ?? "").split(path.delimiter).filter((it) => path.isAbsolute(it));
  const find = (name: string): string | undefined =>
    folders.map((folder) => path.join(folder, name)).find(isFile);
  if (platform !== "win32") {
    const file = find(program);
    return file === undefined ? undefined : { file, args, cwd: "/" };
  }
  const cwd = variable(env, "SystemRoot") || "C:\\Windows";
  const file = find(`${program}.exe`);
  if (file !== undefined) return { file, args, cwd };
  const batch = find(`${program}.cmd`);
  if (batch === undefined || UNSAFE_PATH.test(batch)) return undefined;
  const line = [batch, ...args].map((word) => `"${word}"`).join(" ");
  return {
    file: path.join(cwd, "System32", "cmd.exe"),
    args: ["/d", "/s", "/v:off", "/c", `"${line}"`],
    cwd,
    windowsVerbatimArguments: true,
  };
}

const SAFE_ARGUMENT = /^[\w.:/=+,@-]+$/;
/** Between quotes, cmd.exe still replaces variables. */
const UNSAFE_PATH = /["%\r\n]/;

/** Windows ignores the case of variables. */
function variable(env: Machine["env"], name: string): string | undefined {
  return env[name] ?? Object.entries(env).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}
