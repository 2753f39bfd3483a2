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
  const isSaid = ([, value]: [string, unknown]): boolean =>
    value !== "" && value !== undefined && value !== null;
  return { ...said, ...known, ...Object.fromEntries(Object.entries(said).filter(isSaid)) };
}
