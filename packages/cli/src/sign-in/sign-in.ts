import type { AccountInfo, AuthenticationResult } from "@tessera/node";
import { codeOf } from "../errors.js";
import type { Screen } from "../terminal/terminal.js";
import type { Session } from "../tokens/session.js";
import { requestOf } from "../tokens/silent-token.js";
import type { WantedToken } from "../tokens/wanted-token.js";
import { showAddress } from "./address.js";
import { chosenBrowser } from "./chosen-browser.js";
import { showDeviceCode } from "./device-code.js";

/** How a user is asked to sign in. */
export interface SignInOptions {
  readonly wanted: WantedToken;
  /** The user who is expected. */
  readonly account: AccountInfo | undefined;
  /** `any`: in the browser, with a device code where there is none. */
  readonly way: "any" | "browser" | "device-code";
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** Asks the user to sign in, in the best way that is possible here. */
export async function signIn(session: Session, options: SignInOptions): Promise<AuthenticationResult> {
  const { way } = options;
  if (way === "device-code") return withDeviceCode(session, options);
  try {
    return await inBrowser(session, options, chosenBrowser());
  } catch (error) {
    if (!isWithoutBrowser(error)) throw error;
  }
  if (way === "browser") return atAddress(session, options);
  try {
    return await withDeviceCode(session, options);
  } catch (error) {
    // The provider offers no device codes, or this client may not use them.
    if (!["openid_config_error", "unauthorized_client", "unsupported_grant_type"].includes(codeOf(error)))
      throw error;
    return atAddress(session, options);
  }
}

async function inBrowser(
  session: Session,
  options: SignInOptions,
  openBrowser: ((url: string) => Promise<void>) | undefined,
): Promise<AuthenticationResult> {
  const { screen } = options;
  screen.line("Sign in in the browser window that opens. Ctrl+C gives up.");
  return interactively(session, options, openBrowser);
}

/** The user opens the address in a browser elsewhere, whose answer is forwarded to this machine. */
function atAddress(session: Session, options: SignInOptions): Promise<AuthenticationResult> {
  const { screen } = options;
  return interactively(session, options, async (url) => showAddress(url, screen));
}

function interactively(
  { app, profile: { redirectUri } }: Session,
  { wanted, account, signal }: SignInOptions,
  openBrowser: ((url: string) => Promise<void>) | undefined,
): Promise<AuthenticationResult> {
  return app.acquireTokenInteractive({
    ...requestOf(wanted),
    ...(account ? { account, loginHint: account.username } : { prompt: "select_account" }),
    ...(redirectUri === undefined ? {} : { redirectUri }),
    ...(openBrowser ? { openBrowser } : {}),
    signal,
  });
}

async function withDeviceCode(
  { app }: Session,
  { wanted, screen, signal }: SignInOptions,
): Promise<AuthenticationResult> {
  let hide: (() => void) | undefined;
  let isOver = false;
  try {
    return await app.acquireTokenByDeviceCode({
      ...requestOf(wanted),
      signal,
      deviceCodeCallback: async (code) => {
        hide = await showDeviceCode(code, screen);
        if (isOver) hide();
      },
    });
  } finally {
    isOver = true;
    hide?.();
  }
}

function isWithoutBrowser(error: unknown): boolean {
  return codeOf(error) === "no_browser" || codeOf(error) === "missing_dependency";
}
