import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuthenticationResult } from "@tessera/node";
import { acquireProcessLock } from "@tessera/persistence";
import type { Context } from "../context.js";
import { declined, isDeclined } from "../errors.js";
import { rememberAccount } from "../profiles/remember-account.js";
import { controllingTerminal } from "../terminal/terminal.js";
import type { Session } from "../tokens/session.js";
import type { Missing } from "../tokens/silent-token.js";
import type { WantedToken } from "../tokens/wanted-token.js";
import { signIn } from "./sign-in.js";

/** What is needed to ask a user once, however many processes need it. */
export interface Asking extends Pick<Context, "signal" | "isPlain"> {
  readonly silently: () => Promise<AuthenticationResult | Missing>;
  /** The error for a place where nobody can be asked. */
  readonly refuse: () => Error;
}

/**
 * Asks the user at the controlling terminal to sign in. Processes that need the same sign-in at once ask once: the others wait
 * for the outcome, also for a refusal. If the one that asks is interrupted, the next one takes over.
 */
export async function askOnce(
  session: Session,
  wanted: WantedToken,
  { signal, isPlain, silently, refuse }: Asking,
): Promise<AuthenticationResult> {
  const screen = await controllingTerminal(isPlain);
  if (!screen) throw refuse();
  const locks = join(session.folder, "locks");
  const refusals = join(locks, "declined");
  const since = Date.now();
  try {
    const lock = await acquireProcessLock({
      directory: locks,
      name: "prompt",
      signal,
      onWait: (pid) =>
        screen.line(
          `Another process${pid === undefined ? "" : ` (${pid})`} is asking you to sign in; waiting for it.`,
        ),
    });
    const release = (): void => lock.release();
    process.once("exit", release);
    try {
      // The process before may have signed the user in.
      const found = await silently();
      if ("accessToken" in found) return found;
      if (declinedAt(refusals) > since) throw declined("The sign-in was declined in another process.");
      const { account } = found;
      const result = await signIn(session, { wanted, account, way: "any", screen, signal });
      await rememberAccount(session.profile.name, result);
      return result;
    } catch (error) {
      if (isDeclined(error)) noteDeclined(refusals);
      throw error;
    } finally {
      release();
      process.off("exit", release);
    }
  } finally {
    // An open terminal keeps the process running.
    screen.stream.destroy();
  }
}

/** When the user declined last, in milliseconds since the epoch. */
function declinedAt(file: string): number {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return 0;
  }
}

function noteDeclined(file: string): void {
  try {
    writeFileSync(file, String(Date.now()), { mode: 0o600 });
  } catch {
    // The processes that wait then ask once more.
  }
}
