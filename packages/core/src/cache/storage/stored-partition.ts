import { removalsUntil } from "../memory/age.js";
import type { Partition } from "../memory/partition.js";
import { partitionName, userPartition, type PartitionKey } from "../memory/partition-key.js";

/** The group of all users. */
export const USERS = "users";

/** Returns the group of an app's own tokens. */
export function appGroup(clientId: string): string {
  return `app:${clientId}`;
}

/** Returns the group of what is kept on behalf of a user: the name of the user's partition. */
export function groupOfUser(homeAccountId: string): string {
  return partitionName(userPartition(homeAccountId));
}

/** Returns the group of a partition. */
export function groupOf({ kind }: PartitionKey, partition: Partition): string {
  if (kind === "user") return USERS;
  const member = kind === "app" ? "client_id" : "home_account_id";
  let owner = "";
  partition.has(({ entity }) => {
    const value = entity[member];
    if (typeof value === "string") owner = value;
    return owner !== "";
  });
  return kind === "app" ? appGroup(owner) : groupOfUser(owner);
}

/**
 * Seconds that a user of on-behalf-of calls stays in the store after the last change: the time after which Entra stops
 * accepting an unused refresh token. Without a limit, an API would keep every user who ever called it.
 */
const UNUSED_USER_LIFETIME = 90 * 86_400;

/**
 * Returns the seconds until the last token of a partition expires; `undefined` if that is unknown.
 *
 * @param now seconds since the epoch
 */
export function lifetimeOf(partition: Partition, now: number): number | undefined {
  const last = Math.max(partition.lastExpiry(now + UNUSED_USER_LIFETIME), removalsUntil(partition));
  const left = last - now;
  return Number.isFinite(left) ? Math.max(1, Math.ceil(left)) : undefined;
}
