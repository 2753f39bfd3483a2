import type { AnchorUser, Dialect } from "./dialect.js";
import { headerValue } from "../http/header-value.js";

/** Returns the header that routes a request to the user's data center, for providers that support it. */
export function anchorHeaders(
  dialect: Dialect,
  user: AnchorUser | undefined,
): Readonly<Record<string, string>> {
  const mailbox = user && dialect.anchorMailbox(user);
  if (!mailbox) return {};
  // MSAL puts a space before the user name here, but not in the authorization URL.
  const value = mailbox.replace(/^UPN:/, "UPN: ");
  return { "X-AnchorMailbox": headerValue(value) };
}
