/**
 * Whose tokens a partition holds. An object and not a text: the id is found in the cache by the very string the app holds,
 * whose hash is known already.
 */
export interface PartitionKey {
  readonly kind: PartitionKind;
  readonly id: string;
}

/** Kinds of partitions. */
export const PARTITION_KINDS = ["user", "app", "assertion"] as const;
/** One of {@link PARTITION_KINDS}. */
export type PartitionKind = (typeof PARTITION_KINDS)[number];

/** The partition of a user. */
export function userPartition(homeAccountId: string): PartitionKey {
  return { kind: "user", id: homeAccountId };
}

/** The partition of an app in a tenant. */
export function appPartition(clientId: string, realm: string): PartitionKey {
  return { kind: "app", id: `${clientId}.${realm.toLowerCase()}` };
}

/** The partition of an on-behalf-of assertion, by its SHA-256. */
export function assertionPartition(hash: string): PartitionKey {
  return { kind: "assertion", id: hash };
}

/** Stands before the hash of a session's key, so that no assertion can name a session. */
export const SESSION = "session.";

/** Whether the hash of an assertion is that of a session's key. */
export function isSession(hash: string): boolean {
  return hash.startsWith(SESSION);
}

/** The name of a partition in a {@link TokenStore}: `{kind}:{id}`. */
export function partitionName({ kind, id }: PartitionKey): string {
  return `${kind}:${id}`;
}

/** The partition a name stands for. */
export function partitionNamed(name: string): PartitionKey {
  const [kind = ""] = name.split(":", 1);
  return { kind: kind as PartitionKind, id: name.slice(kind.length + 1) };
}
