import { COMMANDS, type Command } from "./commands.js";
import type { Option } from "./options.js";

/** Returns the help of a command, or of the program. */
export function helpText(command: Command | undefined): string {
  return command ? commandHelp(command) : programHelp();
}

function programHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  return [
    "Usage: tessera COMMAND [options]",
    "",
    "Signs users and machines in, keeps their tokens, and gives them to scripts and tools.",
    "",
    ...COMMANDS.map(({ name, text }) => `  ${name.padEnd(width)}  ${text}`),
    "",
    "  tessera COMMAND --help explains a command. tessera --version prints the version.",
    "",
    "Exit codes: 0 it worked, 1 an error, 2 a wrong command line, 3 the user must act, 4 the user declined, 130 Ctrl+C.",
    "",
  ].join("\n");
}

function commandHelp({ usage, text, options, examples = [] }: Command): string {
  const sentence = `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  const names = options.map(nameOf);
  const width = Math.max(...names.map((name) => name.length));
  return [
    `Usage: ${usage}`,
    "",
    sentence,
    "",
    ...options.flatMap((option, index) => wrapped((names[index] ?? "").padEnd(width), option.text)),
    ...(examples.length > 0 ? ["", "Examples:", "", ...examples.map((example) => `  ${example}`)] : []),
    "",
  ].join("\n");
}

function nameOf({ name, short, value, choices }: Option): string {
  const written = choices ? choices.join("|") : value;
  return `  ${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${written ?? value}`}`;
}

/** A terminal of a hundred columns takes each line. */
function wrapped(name: string, text: string): readonly string[] {
  const room = Math.max(30, 100 - name.length - 2);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length + 1 > room) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one, index) => `${index === 0 ? name : " ".repeat(name.length)}  ${one}`);
}
