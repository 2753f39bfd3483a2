import { profilesOf } from "../account-info.js";
import type { Entry } from "./entry.js";
import { userPartition, type PartitionKey } from "./partition-key.js";

/** Index of users by their id in any tenant and by user name. Built on first use, then kept up to date. */
export class AccountIndex {
  /** Home account ids by name. */
  readonly #ids = new Map<string, Set<string>>();

  /** Adds the names of an account. */
  add({ id }: PartitionKey, account: Entry<"Account">): void {
    for (const name of namesOf(account)) {
      const ids = this.#ids.get(name);
      if (ids) ids.add(id);
      else this.#ids.set(name, new Set([id]));
    }
  }

  /** Removes the names of an account. */
  remove({ id }: PartitionKey, account: Entry<"Account">): void {
    for (const name of namesOf(account)) {
      const ids = this.#ids.get(name);
      ids?.delete(id);
      if (ids?.size === 0) this.#ids.delete(name);
    }
  }

  /** Returns the partitions of the users with an id in any tenant. */
  byLocalId(localAccountId: string): readonly PartitionKey[] {
    return this.#named(`id ${localAccountId}`);
  }

  /** Returns the partitions of the users with a user name, case-insensitively. */
  byUsername(username: string): readonly PartitionKey[] {
    return this.#named(`name ${username.toLowerCase()}`);
  }

  #named(name: string): readonly PartitionKey[] {
    return Array.from(this.#ids.get(name) ?? [], userPartition);
  }
}

function namesOf({ entity }: Entry<"Account">): Set<string> {
  const names = new Set([`id ${entity.local_account_id}`]);
  const addName = (name: unknown): void => {
    if (typeof name === "string" && name !== "") names.add(`name ${name.toLowerCase()}`);
  };
  addName(entity.username);
  for (const profile of profilesOf(entity)) {
    names.add(`id ${profile.localAccountId}`);
    addName(profile.username);
    addName(profile.upn);
  }
  return names;
}
