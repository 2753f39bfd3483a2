import type { ChildProcess } from "node:child_process";
import { pause, type Clock } from "@tessera/core/internal";
import { join } from "node:path";
import type { Start } from "./executable.js";

/** What a program has printed. */
export interface Printed {
  readonly exitCode: number;
  readonly output: string;
  readonly errors: string;
}

/** Why a program has printed nothing that can be used. */
export type NotRun = "not_installed" | "not_started" | "timed_out" | "too_long";

/** No token is longer, and neither is a message about one. */
const LONGEST_OUTPUT = 1_000_000;

/**
 * Runs a program to its end. A program that takes too long, or whose output is of no use to anyone any more, is killed
 * with all programs that it has started.
 *
 * @throws the signal's reason when it aborts
 */
export async function runProgram(
  start: Start,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Printed | NotRun> {
  signal.throwIfAborted();
  const ended = new AbortController();
  const child = spawned(start);
  try {
    return await Promise.race([
      printed(child),
      timeUp(timeoutMs, clock, AbortSignal.any([signal, ended.signal])),
    ]);
  } finally {
    ended.abort();
    killAll(child);
  }
}

function spawned({ file, args, cwd, windowsVerbatimArguments }: Start): ChildProcess {
  const { spawn } = process.getBuiltinModule("node:child_process");
  return spawn(file, args, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    windowsHide: true,
    windowsVerbatimArguments,
    // A process group of its own, to kill the programs that a script starts.
    detached: process.platform !== "win32",
  });
}

function printed(child: ChildProcess): Promise<Printed | NotRun> {
  return new Promise((resolve) => {
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8").on("data", (text: string) => {
        texts[name] += text;
        if (texts[name].length > LONGEST_OUTPUT) resolve("too_long");
      });
    }
    child.once("error", () => resolve("not_started"));
    child.once("close", (code) =>
      resolve({ exitCode: code ?? 1, output: texts.stdout, errors: texts.stderr }),
    );
  });
}

async function timeUp(timeoutMs: number, clock: Clock, signal: AbortSignal): Promise<NotRun> {
  await pause(clock, timeoutMs, signal);
  return "timed_out";
}

function killAll(child: ChildProcess): void {
  const { pid, exitCode, signalCode } = child;
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  child.unref();
  if (process.platform === "win32") {
    const { spawn } = process.getBuiltinModule("node:child_process");
    const taskkill = join(process.env["SystemRoot"] || "C:\\Windows", "System32", "taskkill.exe");
    const args = ["/pid", String(pid), "/t", "/f"];
    spawn(taskkill, args, { stdio: "ignore", windowsHide: true }).once("error", () => child.kill());
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended in the meantime.
  }
}
