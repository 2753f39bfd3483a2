import type { AnchorUser, Dialect } from "./dialect.js";
import { headerValue } from "../http/header-value.js";

/** The header that routes a request to the data center that knows the user, for providers that have one. */
export function anchorHeaders(
  dialect: Dialect,
  user: AnchorUser | undefined,
): Readonly<Record<string, string>> {
  const mailbox = user && dialect.anchorMailbox(user);
  if (!mailbox) return {};
  // MSAL separates the user name with a space here, and not in the authorization URL.
  const value = mailbox.replace(/^UPN:/, "UPN: ");
  return { "X-AnchorMailbox": headerValue(value) };
}
