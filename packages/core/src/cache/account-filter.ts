import type { AccountInfo } from "../account.js";
import { emptyChoice } from "../request/request-keys.js";

/** Which accounts to list. A field that is omitted matches every account. */
export interface AccountFilter {
  readonly homeAccountId?: string;
  readonly localAccountId?: string;
  /** Compared case-insensitively; `""` matches users without a name. */
  readonly username?: string;
  /** `""` for users without a tenant. */
  readonly tenantId?: string;
  /**
   * URL of an authority: matches users of its identity provider, and only those of its issuer when a host has
   * several.
   */
  readonly authority?: string;
}

/**
 * Rejects an empty ID, which no user has: without the field, every user would match. User names and tenants may be empty,
 * because some users have none.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function requireChoice(filter: AccountFilter): void {
  for (const field of ["homeAccountId", "localAccountId", "authority"] as const)
    if (filter[field] === "") throw emptyChoice(field);
}

/** Whether an account matches a filter. */
export function matches(account: AccountInfo, filter: AccountFilter): boolean {
  const { localAccountId, username, tenantId } = filter;
  const isNamed = (name: unknown): boolean =>
    typeof name === "string" && name.toLowerCase() === username?.toLowerCase();
  return (
    (!localAccountId || account.localAccountId === localAccountId) &&
    (typeof username !== "string" || isNamed(account.username) || isNamed(account.upn)) &&
    (typeof tenantId !== "string" || account.tenantId.toLowerCase() === tenantId.toLowerCase())
  );
}
