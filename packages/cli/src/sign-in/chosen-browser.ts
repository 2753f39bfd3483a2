import { spawn } from "node:child_process";

/**
 * Returns what opens the browser that the user or the environment has chosen with `BROWSER`, as Visual Studio Code does for
 * remote machines and code spaces; `undefined` if none is chosen.
 */
export function chosenBrowser(
  chosen: string | undefined = process.env["BROWSER"],
): ((url: string) => Promise<void>) | undefined {
  // A list has the preferred browser first.
  const [command = ""] = (chosen ?? "").split(process.platform === "win32" ? ";" : ":");
  if (command.trim() === "") return undefined;
  const [program = "", ...rest] = command.trim().split(/ +/);
  return (url) => {
    const args = rest.some((one) => one.includes("%s"))
      ? rest.map((one) => one.replaceAll("%s", url))
      : [...rest, url];
    return new Promise((resolve, reject) => {
      // Without a shell, which would read the address as commands.
      const child = spawn(program, args, { stdio: "ignore", detached: true });
      child.once("error", (cause) =>
        reject(
          Object.assign(new Error(`BROWSER names ${program}, which cannot be started.`, { cause }), {
            code: "no_browser",
          }),
        ),
      );
      child.once("spawn", resolve);
      child.unref();
    });
  };
}
