import type { AccountInfo } from "../account.js";
import { emptyChoice } from "../request/request-keys.js";

/** Which accounts to list; what is left out does not matter. */
export interface AccountFilter {
  readonly homeAccountId?: string;
  readonly localAccountId?: string;
  /** Compared without regard to case; `""` for users without a name. */
  readonly username?: string;
  /** `""` for users without a tenant. */
  readonly tenantId?: string;
  /** URL of an authority: the users of its identity provider, and at a host of several issuers of that one. */
  readonly authority?: string;
}

/**
 * Refuses an empty id, which no user has: without it everybody would be listed. Names and tenants may be empty, as some
 * users have none.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function requireChoice(filter: AccountFilter): void {
  for (const field of ["homeAccountId", "localAccountId", "authority"] as const)
    if (filter[field] === "") throw emptyChoice(field);
}

/** Whether an account is one of those that are asked for. */
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
