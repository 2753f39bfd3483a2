/** Why a sign-in has not come about. Nobody was signed in or out by it. */
export interface WebSignInProblem {
  /** HTTP status of the page. */
  readonly status: number;
  /**
   * `sign_in_out_of_date` for an answer without a sign-in that waits for it: forged, too old, used before or of another browser;
   * `access_denied` when the user has cancelled; `tokens_not_kept` when a user has just signed in and this process has no tokens
   * of the session; `store_unavailable` when the store of the sessions fails; otherwise the code of `error`.
   */
  readonly code: string;
  /** URL that begins the sign-in again, and leads back to where it began. */
  readonly signInUrl: string;
  /** URL of the site. */
  readonly homeUrl: string;
  /** What was thrown, for your log. It holds no token; the page must not show it. */
  readonly error?: unknown;
}
