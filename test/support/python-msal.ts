import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { describeWith } from "./real-part.js";

const interpreter = "/usr/bin/python3";

/** Describes tests that have Debian's python3-msal as their witness. */
export function describeWithPythonMsal(tests: () => void): void {
  describeWith("python3-msal", hasPythonMsal(), tests);
}

/** How a program is run. */
export interface PythonRun<Line> {
  /** PEM file of the authority to trust. */
  readonly caFile: string;
  /** What the program reads before its input ends. */
  readonly input?: string;
  /** What a line is answered with, while the program runs; `undefined` for nothing. */
  readonly react?: (line: Line) => unknown;
}

/**
 * Runs a Python program that prints JSON, a value a line.
 *
 * @param parameters of the interpreter: a file, or `-c` and a text; then the program's own
 * @returns all that was printed
 */
export async function runPython<Line>(
  parameters: readonly string[],
  { caFile, input, react }: PythonRun<Line>,
): Promise<readonly Line[]> {
  const child = spawn(interpreter, parameters, {
    // The variable is stronger than the argument `verify`, and may be set on the machine.
    env: { ...process.env, REQUESTS_CA_BUNDLE: caFile, NO_PROXY: "localhost" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (input !== undefined) child.stdin.end(input);
  const lines: Line[] = [];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line;
    lines.push(line);
    const answer: unknown = await react?.(line);
    if (answer !== undefined) child.stdin.write(`${JSON.stringify(answer)}\n`);
  }
  return lines;
}

function hasPythonMsal(): boolean {
  try {
    execFileSync(interpreter, ["-c", "import msal"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
