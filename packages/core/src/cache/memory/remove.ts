import { entriesOf, type Provider } from "../provider.js";
import { hasNewer } from "./age.js";
import { isEntry, Partition, type Entry } from "./partition.js";
import { userPartition, type PartitionKey } from "./partition-key.js";
import type { TokenMemory } from "./token-memory.js";

/** Removes the entries of other providers' users from a partition. */
export function removeForeign(memory: TokenMemory, key: PartitionKey, provider: Provider): void {
  const found = memory.partitions.get(key);
  const isOwn = found && entriesOf(found, provider);
  if (isOwn) memory.remove(key, (entry) => !isOwn(entry));
}

/** Removes a refresh token if it is still the cached one. */
export function removeRefreshToken(memory: TokenMemory, key: PartitionKey, secret: string): void {
  memory.remove(key, (entry) => isEntry(entry, "RefreshToken") && entry.entity.secret === secret);
}

/**
 * Removes a user of a provider: the account and all tokens, including on-behalf-of tokens. Returns which entries of the
 * user are the provider's.
 */
export function removeUser(
  memory: TokenMemory,
  homeAccountId: string,
  provider: Provider,
): (entry: Entry) => boolean {
  const user = userPartition(homeAccountId);
  const isOwn = entriesOf(memory.partitions.peek(user) ?? new Partition(), provider);
  memory.remove(user, isOwn);
  removeFromAssertions(memory, homeAccountId, isOwn);
  return isOwn;
}

/**
 * Removes a user's entries from the partitions of assertions, sessions and exchanges.
 *
 * @param before spares partitions with tokens that were received later, in seconds since the epoch
 */
export function removeFromAssertions(
  memory: TokenMemory,
  homeAccountId: string,
  isOwn: (entry: Entry) => boolean,
  before = Infinity,
): void {
  for (const [key, partition] of [...memory.partitions.entries("assertion")]) {
    if (hasNewer(partition, before)) continue;
    const fits = (entry: Entry): boolean => entry.entity["home_account_id"] === homeAccountId && isOwn(entry);
    if (partition.has(fits)) memory.remove(key, fits);
  }
}

/** Removes an app's own tokens, in every tenant. */
export function removeAppTokens(memory: TokenMemory, clientId: string, before = Infinity): void {
  for (const [key, partition] of [...memory.partitions.entries("app")]) {
    if (hasNewer(partition, before)) continue;
    memory.remove(key, ({ entity }) => entity["client_id"] === clientId);
  }
}
