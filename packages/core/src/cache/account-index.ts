import { profilesOf } from "./account-info.js";
import type { Entry } from "./partition.js";
import type { PartitionKey } from "./partition-key.js";

/** Finds users by an id in some tenant, or by their user name. Built on first use, kept up to date from then on. */
export class AccountIndex {
  readonly #keys = new Map<string, Set<PartitionKey>>();

  /** Adds the names of an account. */
  add(key: PartitionKey, account: Entry<"Account">): void {
    for (const name of namesOf(account)) {
      const keys = this.#keys.get(name);
      if (keys) keys.add(key);
      else this.#keys.set(name, new Set([key]));
    }
  }

  /** Takes the names of an account out. */
  remove(key: PartitionKey, account: Entry<"Account">): void {
    for (const name of namesOf(account)) {
      const keys = this.#keys.get(name);
      keys?.delete(key);
      if (keys?.size === 0) this.#keys.delete(name);
    }
  }

  /** The partitions of the users with an id in some tenant. */
  byLocalId(localAccountId: string): Iterable<PartitionKey> {
    return this.#keys.get(`id ${localAccountId}`) ?? [];
  }

  /** The partitions of the users with a user name, in any case. */
  byUsername(username: string): Iterable<PartitionKey> {
    return this.#keys.get(`name ${username.toLowerCase()}`) ?? [];
  }
}

function namesOf({ entity }: Entry<"Account">): Set<string> {
  const names = new Set([`id ${entity.local_account_id}`]);
  const addName = (name: string | undefined): void => {
    if (name) names.add(`name ${name.toLowerCase()}`);
  };
  addName(entity.username);
  for (const profile of profilesOf(entity)) {
    names.add(`id ${profile.localAccountId}`);
    addName(profile.username);
    addName(profile.upn);
  }
  return names;
}
