import { openSync } from "node:fs";

/** Where people read: a stream, and what it can show. */
export interface Screen {
  /** Whether somebody may be looking at it now. */
  readonly isTerminal: boolean;
  /** Whether lines may be redrawn and boxes shown; not for dumb terminals, `--plain` and screen readers. */
  readonly isRich: boolean;
  readonly stream: NodeJS.WriteStream;
  /** Writes a line. */
  line(text: string): void;
}

/** Whether a text should have colors, by what users have agreed on. @see https://no-color.org */
export function hasColors(screen: Pick<Screen, "isRich">): boolean {
  return screen.isRich && !process.env["NO_COLOR"];
}

/** Returns standard error: what is said beside the result of a command. */
export function standardError(isPlain: boolean): Screen {
  return screenOn(process.stderr, process.stderr.isTTY, isPlain);
}

/**
 * Opens the terminal that controls this process: the person at it can be asked, wherever the standard streams lead.
 *
 * @returns `undefined` if there is none
 */
export async function controllingTerminal(isPlain: boolean): Promise<Screen | undefined> {
  let descriptor: number;
  try {
    descriptor = openSync(process.platform === "win32" ? "\\\\.\\CONOUT$" : "/dev/tty", "r+");
  } catch {
    return undefined;
  }
  const { WriteStream, isatty } = await import("node:tty");
  if (!isatty(descriptor)) return undefined;
  const stream = new WriteStream(descriptor);
  // Nobody is there any more: the window was closed. The process is about to get a signal.
  stream.on("error", () => undefined);
  return screenOn(stream, true, isPlain);
}

function screenOn(stream: NodeJS.WriteStream, isTerminal: boolean, isPlain: boolean): Screen {
  return {
    isTerminal,
    isRich: isTerminal && !isPlain && process.env["TERM"] !== "dumb",
    stream,
    line: (text) => void stream.write(`${text}\n`),
  };
}
