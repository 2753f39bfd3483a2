import type { AccountInfo, AuthenticationResult } from "@tessera/core";
import type { AccountFilter } from "@tessera/core/internal";
import type { InteractiveRequest, SilentFlowRequest, SignOutRequest } from "../requests.js";

/**
 * How users of a public client sign in and stay signed in: through the browser and the token cache, or through the
 * operating system's broker. Chosen once, when the application is made.
 */
export interface SignIn {
  /** Whether users can be asked even where no browser can be opened. */
  readonly needsNoBrowser: boolean;
  /** Signs a user in. */
  interactively(request: InteractiveRequest): Promise<AuthenticationResult>;
  /** A token of a user who has signed in. */
  silently(request: SilentFlowRequest): Promise<AuthenticationResult>;
  /** The users who match a filter. */
  accounts(filter: AccountFilter): Promise<AccountInfo[]>;
  /** Signs a user out. */
  signOut(request: SignOutRequest): Promise<void>;
}
