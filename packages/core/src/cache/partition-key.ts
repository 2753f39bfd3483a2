/** Whose tokens a partition holds. Also the name of the partition in a {@link TokenStore}. */
export type PartitionKey = `user:${string}` | `app:${string}` | `assertion:${string}`;

/** The partition of a user. */
export function userPartition(homeAccountId: string): PartitionKey {
  return `user:${homeAccountId}`;
}

/** The partition of an app in a tenant. */
export function appPartition(clientId: string, realm: string): PartitionKey {
  return `app:${clientId}.${realm.toLowerCase()}`;
}

/** The partition of an on-behalf-of assertion, by its SHA-256. */
export function assertionPartition(hash: string): PartitionKey {
  return `assertion:${hash}`;
}
