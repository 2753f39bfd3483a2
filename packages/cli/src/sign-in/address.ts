import { hostname } from "node:os";
import type { Screen } from "../terminal/terminal.js";

/** Shows the address at which the user signs in, for a browser on another machine, with the port to forward. */
export function showAddress(url: string, screen: Screen): void {
  const port = redirectPort(url);
  screen.line(`No browser can be opened here. Open this address in a browser to sign in:\n\n${url}\n`);
  if (port === undefined) return;
  screen.line(
    `The browser comes back to port ${port} of its own machine. If that is not this one, forward the port first: ssh -L ${port}:localhost:${port} ${hostname()}`,
  );
}

function redirectPort(url: string): string | undefined {
  const back = new URL(url).searchParams.get("redirect_uri");
  return back ? new URL(back).port || undefined : undefined;
}
