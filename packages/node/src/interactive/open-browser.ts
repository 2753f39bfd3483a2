import { existsSync } from "node:fs";
import { clientAuthError, clientConfigurationError, secureUrl } from "@tessera/core/internal";

/**
 * Opens the system browser with the package `open`. Resolves when the system's launcher exits.
 *
 * @param url the URL to open
 * @throws ClientAuthError `no_browser` when none is available; ClientConfigurationError `missing_dependency`, and
 * `authority_uri_insecure` for a URL that is neither https nor on this machine, because launchers also open files and
 * programs
 */
export async function openSystemBrowser(url: string): Promise<void> {
  const { href } = secureUrl(url, "the URL to open");
  const reason = whyNoBrowser();
  if (reason) throw noBrowser(reason);
  const { default: open } = await loadOpen();
  const launcher = await open(href).catch((cause: unknown) => {
    throw noBrowser("it cannot be started", cause);
  });
  // A desktop without a browser reports it only by the launcher's exit code.
  await new Promise<void>((resolve, reject) => {
    const ended = (code: number | null): void =>
      code ? reject(noBrowser(`the system's launcher ended with code ${code}`)) : resolve();
    launcher.once("error", (cause) => reject(noBrowser("it cannot be started", cause)));
    launcher.once("exit", ended);
    if (launcher.exitCode !== null) ended(launcher.exitCode);
  });
}

/** Whether a browser can be opened. */
export function hasBrowser(): boolean {
  return whyNoBrowser() === undefined;
}

function whyNoBrowser(): string | undefined {
  const { env, platform } = process;
  if (env["CI"] && env["CI"] !== "false") return "this is a CI job";
  const remote = env["SSH_CONNECTION"] || env["SSH_TTY"];
  if (platform === "win32" || platform === "darwin") return remote ? "this is an SSH session" : undefined;
  if (env["DISPLAY"] || env["WAYLAND_DISPLAY"]) return undefined;
  if (remote) return "this is an SSH session without a display";
  return isWsl() ? undefined : "there is no display";
}

function isWsl(): boolean {
  return process.env["WSL_DISTRO_NAME"] !== undefined || existsSync("/proc/sys/fs/binfmt_misc/WSLInterop");
}

function noBrowser(reason: string, cause?: unknown): Error {
  return clientAuthError(
    "no_browser",
    `No browser can be opened: ${reason}. Use acquireTokenByDeviceCode, or pass openBrowser.`,
    { cause },
  );
}

async function loadOpen(): Promise<typeof import("open")> {
  try {
    return await import("open");
  } catch (cause) {
    throw clientConfigurationError(
      "missing_dependency",
      "Opening the browser requires the package open, which is not installed: run npm install open, or pass openBrowser.",
      { cause },
    );
  }
}
