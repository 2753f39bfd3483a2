import type { AccountInfo } from "../account.js";

/** Which accounts to list; what is left out does not matter. */
export interface AccountFilter {
  readonly homeAccountId?: string;
  readonly localAccountId?: string;
  /** Compared without regard to case. */
  readonly username?: string;
  readonly tenantId?: string;
  /** URL of an authority: the users of its identity provider, and at a host of several issuers of that one. */
  readonly authority?: string;
}

/** Whether an account is one of those that are asked for. */
export function matches(account: AccountInfo, filter: AccountFilter): boolean {
  const { localAccountId, username, tenantId } = filter;
  const isNamed = (name: unknown): boolean =>
    typeof name === "string" && name.toLowerCase() === username?.toLowerCase();
  return (
    (!localAccountId || account.localAccountId === localAccountId) &&
    (!username || isNamed(account.username) || isNamed(account.upn)) &&
    (!tenantId || account.tenantId.toLowerCase() === tenantId.toLowerCase())
  );
}
