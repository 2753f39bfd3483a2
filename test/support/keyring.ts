import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A desktop session with gnome-keyring as its keychain. */
export interface Keyring {
  /** What a process needs in its environment to be part of the session. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly close: () => Promise<void>;
}

/** Whether this machine has what {@link startKeyring} needs. */
export const keyringIsAvailable =
  process.platform === "linux" &&
  ["dbus-run-session", "dbus-send", "gnome-keyring-daemon"].every(
    (program) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0,
  );

/**
 * Starts a session.
 *
 * @param home the user's home folder: keyrings are kept there
 * @param state whether the user's keyring has been unlocked; the first session of a home must unlock it
 */
export async function startKeyring(home: string, state: "unlocked" | "locked"): Promise<Keyring> {
  // One of its own: the daemon of a session that has just ended may still be there, and a new one would turn to it.
  const runtime = mkdtempSync(join(home, "run-"));
  const env = {
    ...{ HOME: home, XDG_RUNTIME_DIR: runtime },
    // Nobody sees a prompt, and none may come from the session of whoever runs the tests.
    ...{
      DISPLAY: undefined,
      WAYLAND_DISPLAY: undefined,
      XDG_DATA_HOME: undefined,
      DBUS_SESSION_BUS_ADDRESS: undefined,
    },
  };
  const script = fileURLToPath(new URL("keyring.sh", import.meta.url));
  const password = state === "unlocked" ? ["the password of the keyring"] : [];
  const session = spawn("dbus-run-session", ["--", "sh", script, ...password], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = once(session, "exit");
  const address = await Promise.race([
    once(createInterface(session.stdout), "line").then(([line]) => String(line)),
    ended.then(() => {
      throw new Error("the session with the keyring has ended before it was ready");
    }),
  ]);
  return {
    env: { ...env, DBUS_SESSION_BUS_ADDRESS: address },
    close: async () => {
      session.stdin.end();
      await ended;
    },
  };
}
