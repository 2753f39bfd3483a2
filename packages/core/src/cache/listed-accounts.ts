import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { matches, type AccountFilter } from "./account-filter.js";
import { accountProfiles, idTokenRealms } from "./account-info.js";
import { isOfAuthority } from "./account-provider.js";
import { idTokenIn } from "./memory/find.js";
import type { Entry } from "./memory/entry.js";
import type { Partition } from "./memory/partition.js";

/** Which accounts to list, and for whom. */
export interface AccountSearch {
  readonly filter: AccountFilter;
  /** The authority that the filter names. */
  readonly url: AuthorityUrl | undefined;
  readonly clientId: string;
  readonly authorities: {
    /** Returns all hosts of the same identity provider as the given host. */
    aliasesOf(environment: string): ReadonlySet<string>;
  };
}

/** Lists the matching accounts of some users. In loops, because an app may have many thousand users. */
export function accountsIn(partitions: Iterable<Partition>, search: AccountSearch): AccountInfo[] {
  const { filter, url, authorities } = search;
  const found: AccountInfo[] = [];
  for (const partition of partitions) {
    for (const entry of partition.all("Account")) {
      if (entry.entity.agents_only === true) continue;
      for (const account of profiles(partition, entry, search)) {
        const isThere = !url || isOfAuthority(account, url, authorities.aliasesOf(url.host));
        if (isThere && matches(account, filter)) found.push(account);
      }
    }
  }
  return found;
}

function profiles(
  partition: Partition,
  entry: Entry<"Account">,
  { clientId, authorities }: AccountSearch,
): AccountInfo[] {
  const { entity } = entry;
  const environments = authorities.aliasesOf(entity.environment);
  return accountProfiles(entry, (tenantId) =>
    idTokenIn(partition, { clientId, environments, realms: idTokenRealms(entity, tenantId) }),
  );
}
