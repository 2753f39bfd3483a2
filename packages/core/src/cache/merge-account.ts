import type { TenantProfile } from "../account.js";
import { profilesOf } from "./account-info.js";
import { GENERIC, type AccountEntity } from "./schema/schema.js";

/**
 * Merges the profile of the tenant just signed in to into the known profiles of an account. An entry without profiles
 * was written by another library under the authority's name for the tenant, so its profile is matched by the user's
 * id in that tenant.
 */
export function mergeAccount(fresh: AccountEntity, known: AccountEntity | undefined): AccountEntity {
  if (!known) return fresh;
  if (saysTheSame(fresh, known)) return known;
  const before = profilesOf(known);
  const freshProfiles = profilesOf(fresh).map((one) =>
    saidOver(
      before.find(({ tenantId }) => tenantId === one.tenantId),
      one,
    ),
  );
  const { realm, local_account_id } =
    known.tenantProfiles && fresh.authority_type !== GENERIC ? known : fresh;
  const isNew = ({ tenantId, localAccountId }: TenantProfile): boolean =>
    freshProfiles.some(
      (one) => one.tenantId === tenantId || (!known.tenantProfiles && one.localAccountId === localAccountId),
    );
  const profiles = [...before.filter((profile) => !isNew(profile)), ...freshProfiles];
  // As in MSAL, the entity describes the user as first seen; what is new is in the profile of the tenant.
  // Once the user has signed in, the account is one of the app's own.
  const { agents_only: _, ...merged } = saidOver(fresh, known);
  return {
    ...merged,
    ...(fresh.agents_only && known.agents_only ? { agents_only: true } : {}),
    realm,
    local_account_id,
    tenantProfiles: profiles.map((profile) => JSON.stringify(profile)),
  };
}

/** New values laid over known ones. A response may omit a value or leave it empty, which hides nothing. */
function saidOver<T extends object>(known: T | undefined, said: T): T {
  const merged = { ...said, ...known };
  for (const name of Object.keys(said) as (keyof T)[]) {
    const value: unknown = said[name];
    if (value !== "" && value !== undefined && value !== null) merged[name] = said[name];
  }
  return merged;
}

/** Whether there is nothing to merge, as for a user who signs in again. */
function saysTheSame(fresh: AccountEntity, known: AccountEntity): boolean {
  const { tenantProfiles: said } = fresh;
  const { tenantProfiles: before, agents_only } = known;
  if (said?.length !== 1 || before?.length !== 1 || said[0] !== before[0]) return false;
  if (agents_only !== fresh.agents_only) return false;
  for (const name in fresh) if (name !== "tenantProfiles" && fresh[name] !== known[name]) return false;
  return true;
}
