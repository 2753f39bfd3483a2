import { entriesOf, type Provider } from "../provider.js";
import { familyOf } from "./find.js";
import { isEntry, type Entry } from "./entry.js";
import { PARTITION_KINDS, type PartitionKey } from "./partition-key.js";
import type { TokenMemory } from "./token-memory.js";

/**
 * Returns the partitions that hold a token: the likely one or, by looking through all of them, any others. A token of an
 * on-behalf-of call is in two, its own and the user's.
 */
export function partitionsWith(
  memory: TokenMemory,
  token: string,
  likely: PartitionKey,
): readonly PartitionKey[] {
  const own = memory.partitions.peek(likely);
  if (own?.has((entry) => isToken(entry, token) && entry.entity["on_behalf_of"] !== true)) return [likely];
  return PARTITION_KINDS.flatMap((kind) =>
    [...memory.partitions.entries(kind)]
      .filter(([, partition]) => partition.has((entry) => isToken(entry, token)))
      .map(([key]) => key),
  );
}

/** Returns a client's refresh tokens in a partition. */
export function refreshTokensIn(
  memory: TokenMemory,
  key: PartitionKey,
  { clientId, provider }: { readonly clientId: string; readonly provider: Provider },
): readonly string[] {
  const partition = memory.partitions.peek(key);
  if (!partition) return [];
  const isOwn = entriesOf(partition, provider);
  return partition
    .all("RefreshToken")
    .filter((entry) => entry.entity.client_id === clientId && isOwn(entry))
    .map(({ entity }) => entity.secret);
}

/** Removes a token and, with a refresh token, the access tokens that came with it. The user stays known. */
export function forgetToken(
  memory: TokenMemory,
  key: PartitionKey,
  { token, provider }: { readonly token: string; readonly provider: Provider },
): void {
  const partition = memory.partitions.get(key);
  if (!partition) return;
  const refreshToken = partition.find("RefreshToken", (entry) => isToken(entry, token));
  const isOwn = entriesOf(partition, provider);
  memory.remove(
    key,
    (entry) =>
      isToken(entry, token) ||
      (refreshToken !== undefined && isOwn(entry) && isOfFamily(memory, entry, refreshToken, provider)),
  );
}

function isToken(entry: Entry, token: string): boolean {
  return (isEntry(entry, "AccessToken") || isEntry(entry, "RefreshToken")) && entry.entity.secret === token;
}

/** Whether an access token came with a refresh token, or with one that it has replaced. */
function isOfFamily(
  memory: TokenMemory,
  entry: Entry,
  { entity: { client_id: clientId, family_id: family, on_behalf_of: isLent } }: Entry<"RefreshToken">,
  { environments }: Provider,
): boolean {
  if (!isEntry(entry, "AccessToken") || entry.entity.on_behalf_of !== isLent) return false;
  const { client_id: other } = entry.entity;
  return other === clientId || (family !== undefined && familyOf(memory, other, environments) === family);
}
