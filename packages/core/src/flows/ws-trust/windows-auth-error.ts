import { clientAuthError, type ErrorContext } from "../../errors/errors.js";

/** What an app can do that does not depend on Kerberos. */
export const MODERN_WAY =
  "An account broker (broker.nativeBrokerPlugin) is the modern way to sign in the user of the operating system; acquireTokenInteractive works everywhere";

/** Creates an error for a ticket that is not there, or is refused. @param remedy what to do, without a full stop */
export function windowsAuthError(what: string, remedy: string, context: ErrorContext = {}): Error {
  return clientAuthError(
    "integrated_windows_authentication_failed",
    `Integrated Windows authentication failed: ${what}. ${remedy}. ${MODERN_WAY}.`,
    context,
  );
}
