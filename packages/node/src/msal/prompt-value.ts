/** Values of `prompt` (OpenID Connect Core §3.1.2.1, and Entra's own). */
export const PromptValue: Record<
  "LOGIN" | "SELECT_ACCOUNT" | "CONSENT" | "NONE" | "CREATE" | "NO_SESSION",
  string
> = {
  LOGIN: "login",
  SELECT_ACCOUNT: "select_account",
  CONSENT: "consent",
  NONE: "none",
  CREATE: "create",
  NO_SESSION: "no_session",
};

/** Values of `responseMode` (OAuth 2.0 Multiple Response Types §2.1, Form Post). */
export const ResponseMode = { QUERY: "query", FRAGMENT: "fragment", FORM_POST: "form_post" } as const;
