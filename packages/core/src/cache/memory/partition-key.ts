/**
 * Identifies a partition. An object rather than a joined string, so that a look-up uses the app's own id string,
 * whose hash V8 has already computed.
 */
export interface PartitionKey {
  readonly kind: PartitionKind;
  readonly id: string;
}

/** The kinds of partitions. */
export const PARTITION_KINDS = ["user", "app", "assertion"] as const;
/** One of {@link PARTITION_KINDS}. */
export type PartitionKind = (typeof PARTITION_KINDS)[number];

/** Returns the key of a user's partition. */
export function userPartition(homeAccountId: string): PartitionKey {
  return { kind: "user", id: homeAccountId };
}

/**
 * Returns the key of an app's partition in a tenant. Each part of an app that is named by an FMI path has its own, because
 * a blueprint may have thousands of agents.
 */
export function appPartition(clientId: string, realm: string, fmiPath?: string): PartitionKey {
  const id = `${clientId}.${realm.toLowerCase()}`;
  return { kind: "app", id: fmiPath ? `${id}.${fmiPath}` : id };
}

/** The component of a token for a part of an app. */
export const FMI_PATH = "fmi_path";

/** Returns the key of an on-behalf-of assertion's partition, by the assertion's SHA-256. */
export function assertionPartition(hash: string): PartitionKey {
  return { kind: "assertion", id: hash };
}

/** The prefix of a session's hash, so that an assertion cannot name a session. */
export const SESSION = "session.";

/** The prefix of a token exchange's hash. Its tokens stay with it: they are not the user's own. */
export const EXCHANGE = "exchange.";

/** Whether tokens are kept by an assertion of the user's, and not by a session or an exchange. */
export function isAssertion(hash: string): boolean {
  return !hash.startsWith(SESSION) && !hash.startsWith(EXCHANGE);
}

/** Whether the hash of an assertion is that of a session key. */
export function isSession(hash: string): boolean {
  return hash.startsWith(SESSION);
}

/** Returns the name of a partition in a {@link TokenStore}: `{kind}:{id}`. */
export function partitionName({ kind, id }: PartitionKey): string {
  return `${kind}:${id}`;
}

/** Parses the name of a partition. */
export function partitionNamed(name: string): PartitionKey {
  const [kind = ""] = name.split(":", 1);
  return { kind: kind as PartitionKind, id: name.slice(kind.length + 1) };
}
