import { COMMANDS, type Command } from "./commands.js";
import type { Context } from "./context.js";
import { codeOf, details, exitCodeOf, explain, usageError } from "./errors.js";
import { ExitCodes } from "./exit-codes.js";
import { parse } from "./options.js";
import { programOf } from "./programs.js";

/** What docker says to its helpers; no command has such a name. */
const DOCKER_VERBS: readonly string[] = ["get", "store", "erase", "list"];

/** Runs a command line. Returns the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  ignoreClosedPipes();
  const isVerbose = args.includes("--verbose");
  const interrupt = interruption();
  let code: number = ExitCodes.ok;
  try {
    await run(args, interrupt.signal, (other) => (code = other));
    return interrupt.signal.aborted ? ExitCodes.interrupted : code;
  } catch (error) {
    if (interrupt.signal.aborted) return ExitCodes.interrupted;
    say(explain(error));
    if (isVerbose) details(error).forEach(say);
    return exitCodeOf(error);
  } finally {
    interrupt.end();
  }
}

async function run(
  args: readonly string[],
  signal: AbortSignal,
  endWith: (code: number) => void,
): Promise<void> {
  const [first = "--help", ...rest] = args;
  if (first === "--help" || first === "-h" || first === "help") return help(rest);
  if (first === "--version" || first === "version") {
    const { version } = await import("@tessera/node");
    process.stdout.write(`${version}\n`);
    return;
  }
  if (DOCKER_VERBS.includes(first)) return run(["credential", "docker", ...args], signal, endWith);
  const command = commandOf(first);
  const given = parse(rest, command);
  if (given.has("help")) return help([first]);
  const context: Context = {
    given,
    signal,
    say,
    endWith,
    log: given.has("verbose") ? say : undefined,
    isPlain: given.has("plain") || Boolean(process.env["TESSERA_PLAIN"]),
    mayAsk: !given.has("no-prompt"),
  };
  const program = await programOf(first);
  await program(context);
}

async function help([name]: readonly string[]): Promise<void> {
  const { helpText } = await import("./help.js");
  process.stdout.write(helpText(name === undefined ? undefined : commandOf(name)));
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (command) return command;
  throw usageError(`"${name}" is not a command: use ${COMMANDS.map((one) => one.name).join(", ")}.`);
}

function say(text: string): void {
  process.stderr.write(`tessera: ${text}\n`);
}

/** The first `Ctrl+C` ends what is under way in an orderly way, the second at once. */
function interruption(): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(ExitCodes.interrupted);
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    signal: controller.signal,
    end: () => {
      // What still runs, such as a renewal that has been sent, is not worth a second one.
      if (controller.signal.aborted) return;
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}

/** The reader of a pipe may have seen enough. */
function ignoreClosedPipes(): void {
  process.stdout.on("error", (error) => {
    if (codeOf(error) !== "EPIPE") throw error;
  });
}
