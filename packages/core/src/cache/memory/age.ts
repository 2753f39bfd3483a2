import { accessTokenFacts, Partition, type Entry } from "./partition.js";
import type { PartitionKey } from "./partition-key.js";
import type { TokenMemory } from "./token-memory.js";
import type { Provider } from "../provider.js";
import { isObject } from "../../encoding.js";

/*
 * A change may be made to content that is newer than itself: in a store that has been unavailable, or that another process
 * has changed in the meantime. The newest refresh token stays, and what was removed stays removed.
 */

/** When, and for what, tokens were received. */
export interface Received {
  /** When they were requested, in seconds since the epoch. */
  readonly at: number;
  /** The refresh token that was redeemed for them. */
  readonly redeemed?: string | undefined;
  /** Whether the change is made again, later. */
  readonly isLate: boolean;
}

/**
 * Whether one of the refresh tokens that a new one would replace is newer than it. The one that was redeemed is older in any
 * case. A sign-in replaces what is there, unless it is late: clocks may differ.
 */
export function isOutdated(
  partition: Partition,
  replaced: readonly Entry<"RefreshToken">[],
  { at, redeemed, isLate }: Received,
): boolean {
  if (!isLate && redeemed === undefined) return false;
  return replaced.some((entry) => {
    if (entry.entity.secret === redeemed) return false;
    const writtenAt = partition.writtenAt(entry);
    return isLate ? writtenAt >= at : writtenAt > at;
  });
}

/**
 * Whether a partition has an access token that is newer than a time, in seconds since the epoch. Where it is asked for a
 * removal, one of the same second is not: a user who has signed out does not stay signed in by chance.
 */
export function hasNewer(partition: Partition, at: number): boolean {
  for (const entry of partition.all("AccessToken")) if (accessTokenFacts(entry).cachedAt > at) return true;
  return false;
}

/** The section of a user's document that says when the user was removed, by provider. MSAL ignores and preserves it. */
const REMOVED = "TesseraRemoved";

/** Seconds for which it is known that a user was removed: the longest time for which a change is made again. */
export const REMEMBERED_REMOVAL = 86_400;

/** Notes that a user of a provider has been removed. */
export function noteRemoval(memory: TokenMemory, key: PartitionKey, provider: Provider, at: number): void {
  const partition = memory.partitions.get(key)?.copy() ?? new Partition();
  const others = Object.entries(removals(partition)).filter(([, time]) => time > at - REMEMBERED_REMOVAL);
  const own = namesOf(provider).map((name) => [name, at] as const);
  partition.foreign = { ...partition.foreign, [REMOVED]: Object.fromEntries([...others, ...own]) };
  memory.put(key, partition);
}

/** Whether a user of a provider was removed after a time, in seconds since the epoch. */
export function wasRemovedAfter(partition: Partition, provider: Provider, at: number): boolean {
  const removed = removals(partition);
  const names = [...provider.environments, ...namesOf(provider)];
  return names.some((name) => (removed[name] ?? 0) > at);
}

/** Returns until when the removals of a partition are known, in seconds since the epoch; 0 without any. */
export function removalsUntil(partition: Partition): number {
  const times = Object.values(removals(partition));
  return times.length > 0 ? Math.max(...times) + REMEMBERED_REMOVAL : 0;
}

function removals(partition: Partition): Readonly<Record<string, number>> {
  const removed = partition.foreign?.[REMOVED];
  if (!isObject(removed)) return {};
  const times = Object.entries(removed).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return Object.fromEntries(times);
}

function namesOf({ environments, issuer }: Provider): readonly string[] {
  return issuer === undefined ? [...environments] : [...environments].map((host) => `${host} ${issuer}`);
}
