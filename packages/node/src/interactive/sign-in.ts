import type { AccountInfo, AuthenticationResult } from "@tessera/core";
import type { AccountFilter, Budget } from "@tessera/core/internal";
import type { InteractiveRequest, SilentFlowRequest, SignOutRequest } from "../requests.js";

/**
 * How users of a public client sign in: through the browser and the token cache, or through the operating system's
 * broker. Chosen once, in the application's constructor.
 */
export interface SignIn {
  /** Whether users can be prompted even if no browser can be opened. */
  readonly needsNoBrowser: boolean;
  /** Signs a user in. */
  interactively(request: InteractiveRequest): Promise<AuthenticationResult>;
  /**
   * Acquires a token for a signed-in user.
   *
   * @param budget what is left to the call
   */
  silently(request: SilentFlowRequest, budget?: Budget): Promise<AuthenticationResult>;
  /** Returns the users that match a filter. */
  accounts(filter: AccountFilter): Promise<AccountInfo[]>;
  /** Signs a user out. */
  signOut(request: SignOutRequest): Promise<void>;
}
