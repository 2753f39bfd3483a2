import { createHash, createHmac } from "node:crypto";

/** The users of a store are many: what lists them is spread over this many keys. */
export const BUCKETS = 1024;

/** Under which keys things are stored. Names of partitions may contain user IDs, so keys have hashes instead. */
export interface Names {
  /** Prefix of the keys of partitions and turns, in the slot of a bucket. */
  readonly ownPrefix: string;
  /** Where a change is told, for processes that cannot track keys. */
  readonly channel: string;
  partition(name: string): PartitionKeys;
  /** The key of the lease of a turn: in the slot of the partition of that name. */
  turn(name: string): string;
  /** The index of the users in a bucket. */
  users(bucket: number): string;
  /** The index of another group, in the slot of its own. */
  group(name: string): string;
  /** The key of a partition, by what stands in an index. */
  member(member: string): string;
}

/** The keys of one partition, which share a slot. */
export interface PartitionKeys {
  readonly value: string;
  readonly turn: string;
  readonly users: string;
  /** How an index lists the partition. */
  readonly member: string;
}

/**
 * @param prefix what all keys begin with
 * @param nameKey a key for the hashes; without it, anybody who knows the name of a partition can find its key
 */
export function namesOf(prefix: string, nameKey: Buffer | undefined): Names {
  const hash = (name: string): string => {
    const digest = (nameKey ? createHmac("sha256", nameKey) : createHash("sha256")).update(name).digest();
    return digest.toString("base64url", 0, 24);
  };
  const tagged = (bucket: number): string => `{${bucket.toString(16).padStart(3, "0")}}`;
  const users = (bucket: number): string => `${prefix}index:${tagged(bucket)}users`;
  const tag = (member: string): string => tagged(bucketOf(member));
  const member = (listed: string): string => `${prefix}${tag(listed)}${listed}`;
  const turn = (hashed: string): string => `${prefix}${tag(hashed)}turn:${hashed}`;
  return {
    ownPrefix: `${prefix}{`,
    channel: `${prefix}changed`,
    partition: (name) => {
      const hashed = hash(name);
      return { value: member(hashed), turn: turn(hashed), users: users(bucketOf(hashed)), member: hashed };
    },
    turn: (name) => turn(hash(name)),
    users,
    group: (name) => {
      const hashed = hash(name);
      return `${prefix}index:${tag(hashed)}${hashed}`;
    },
    member,
  };
}

/** The first ten bits of a hash. */
function bucketOf(hashed: string): number {
  return Buffer.from(hashed.slice(0, 3), "base64url").readUInt16BE() >> 6;
}
