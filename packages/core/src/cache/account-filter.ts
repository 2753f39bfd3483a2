import type { AccountInfo } from "../account.js";

/** Which accounts to list. A field that is omitted matches every account. */
export interface AccountFilter {
  readonly homeAccountId?: string;
  readonly localAccountId?: string;
  /** Compared case-insensitively. */
  readonly username?: string;
  readonly tenantId?: string;
  /**
   * URL of an authority: matches users of its identity provider, and only those of its issuer when a host has
   * several.
   */
  readonly authority?: string;
}

/** Whether an account matches a filter. */
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
