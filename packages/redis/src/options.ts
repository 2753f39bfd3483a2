import { invalidOption, isObject, requireKnownOptions } from "@tessera/core/internal";
import { requireKey, type EncryptionKey } from "./envelope.js";
import type { FirstLevelOptions } from "./first-level.js";

/**
 * A connected client of the package `redis` (client, pool, cluster or sentinel) or `ioredis` (`Redis` or `Cluster`).
 */
export type RedisClient =
  | { sendCommand(...command: never[]): Promise<unknown> }
  | { callBuffer(...command: never[]): Promise<unknown> };

/** Encryption of the stored values and of their names. */
export interface RedisEncryption {
  /** 32 bytes for the hashes of names. It cannot be replaced without losing what is stored. */
  readonly nameKey: Uint8Array;
  /** The first key encrypts, all decrypt. */
  readonly keys: readonly EncryptionKey[];
}

/** Receives the few lines that operators need, such as an application's `getLogger()`. */
export interface RedisStoreLogger {
  error(message: string): void;
  warning(message: string): void;
  info(message: string): void;
}

/** Options of `createRedisStore`. */
export interface RedisStoreOptions {
  /** The application's own client, connected. The store never closes it. */
  readonly client: RedisClient;
  /** Prefix of all keys. Stores with different prefixes do not see each other. Default: `tessera:`. */
  readonly prefix?: string;
  /** Encrypts values with A256GCM. Default: none. */
  readonly encryption?: RedisEncryption;
  /**
   * The first level: for which partitions, and for how long, a process may answer from memory without a round trip if it
   * does not hear of changes. Default: `{ maxPartitions: 10_000, maxAgeMs: 30_000 }`; `false` for none.
   */
  readonly memory?: Partial<FirstLevelOptions> | false;
  /** Time for which a stopped process keeps others from refreshing the same token, in milliseconds. Default: 10,000. */
  readonly leaseMs?: number;
  /**
   * Timeout of a call to Redis, in milliseconds: until then, a command is sent again that fails because a server is being
   * replaced. Longer than a planned failover of yours lasts. Default: 1,000.
   */
  readonly commandTimeoutMs?: number;
  /** After how many seconds without a change a partition is removed at the latest. Default: 90 days. */
  readonly maxLifetimeSeconds?: number;
  /** Receives a line when Redis is lost and when it is back. Default: none. */
  readonly logger?: RedisStoreLogger;
}

/** Options of `createRedisCacheClient`. */
export interface RedisCacheClientOptions extends Pick<
  RedisStoreOptions,
  "client" | "prefix" | "encryption" | "maxLifetimeSeconds"
> {}

/** Options, checked and complete. */
export interface CheckedOptions {
  readonly client: unknown;
  readonly prefix: string;
  readonly nameKey: Buffer | undefined;
  readonly keys: readonly EncryptionKey[];
  readonly memory: FirstLevelOptions | undefined;
  readonly leaseMs: number;
  readonly commandTimeoutMs: number;
  readonly maxLifetimeSeconds: number;
  readonly logger: RedisStoreLogger | undefined;
}

const CACHE_CLIENT_OPTIONS = {
  client: true,
  prefix: true,
  encryption: true,
  maxLifetimeSeconds: true,
} satisfies Record<keyof RedisCacheClientOptions, true>;

const OPTIONS = {
  ...CACHE_CLIENT_OPTIONS,
  memory: true,
  leaseMs: true,
  commandTimeoutMs: true,
  logger: true,
} satisfies Record<keyof RedisStoreOptions, true>;

const DAY_SECONDS = 86_400;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @throws ClientConfigurationError `invalid_option` */
export function checkOptions(options: RedisStoreOptions): CheckedOptions {
  requireNames(options, OPTIONS, "createRedisStore");
  const { memory, leaseMs, commandTimeoutMs, logger } = options;
  return {
    ...checkStored(options),
    memory: memory === false ? undefined : checkMemory(memory ?? {}),
    leaseMs: positive(leaseMs ?? 10_000, "leaseMs", LONGEST_TIMER_MS),
    commandTimeoutMs: positive(commandTimeoutMs ?? 1_000, "commandTimeoutMs", LONGEST_TIMER_MS),
    logger: checkLogger(logger ?? undefined),
  };
}

/** The options that determine the stored values and their keys. */
type StoredOptions = Pick<CheckedOptions, "client" | "prefix" | "nameKey" | "keys" | "maxLifetimeSeconds">;

/** @throws ClientConfigurationError `invalid_option` */
export function checkCacheClientOptions(options: RedisCacheClientOptions): StoredOptions {
  requireNames(options, CACHE_CLIENT_OPTIONS, "createRedisCacheClient");
  return checkStored(options);
}

function checkStored({
  client,
  prefix,
  encryption,
  maxLifetimeSeconds,
}: RedisCacheClientOptions): StoredOptions {
  const most = 10 * 366 * DAY_SECONDS;
  return {
    client,
    prefix: checkPrefix(prefix ?? "tessera:"),
    ...checkEncryption(encryption ?? undefined),
    maxLifetimeSeconds: positive(maxLifetimeSeconds ?? 90 * DAY_SECONDS, "maxLifetimeSeconds", most),
  };
}

/** Refuses anything but an object with known members. */
function requireNames(
  options: unknown,
  known: Readonly<Record<string, true>>,
  owner: string,
): asserts options is object {
  if (!isObject(options))
    throw invalidOption(
      "options",
      `of ${owner} are missing`,
      `pass an object with ${Object.keys(known).join(", ")}`,
    );
  requireKnownOptions(options, known, owner);
}

/** Refuses a prefix that would change the slots of keys. */
function checkPrefix(prefix: unknown): string {
  if (typeof prefix !== "string" || prefix === "" || prefix.length > 200)
    throw invalidOption("prefix", shown(prefix), 'pass a text of 1 to 200 characters, such as "tessera:"');
  if (/[{}]/.test(prefix))
    throw invalidOption(
      "prefix",
      shown(prefix),
      "leave out braces: they decide on the slot of a key in a cluster",
    );
  return prefix;
}

/** @throws ClientConfigurationError `invalid_option`, which does not show a key */
function checkEncryption(encryption: unknown): Pick<CheckedOptions, "nameKey" | "keys"> {
  if (encryption === undefined) return { nameKey: undefined, keys: [] };
  requireNames(encryption, { nameKey: true, keys: true }, "encryption");
  const { nameKey, keys }: { readonly nameKey?: unknown; readonly keys?: unknown } = encryption;
  const name = requireKey("encryption.nameKey", nameKey);
  if (!Array.isArray(keys) || keys.length === 0)
    throw invalidOption(
      "encryption.keys",
      "is not a list of keys",
      "pass [{ id, key }]; the first one encrypts",
    );
  const checked = keys.map((key: unknown, index) => checkKey(key, `encryption.keys[${index}]`));
  const ids = checked.map(({ id }) => id);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined)
    throw invalidOption(
      "encryption.keys",
      `has the id ${JSON.stringify(twice)} twice`,
      "give each key an id of its own",
    );
  if (checked.some(({ key }) => name.equals(key)))
    throw invalidOption(
      "encryption.nameKey",
      "is also one of encryption.keys",
      "use a key of its own for names",
    );
  return { nameKey: name, keys: checked };
}

function checkKey(value: unknown, field: string): EncryptionKey {
  requireNames(value, { id: true, key: true }, field);
  const { id, key }: { readonly id?: unknown; readonly key?: unknown } = value;
  if (typeof id !== "string" || !/^[\w.:-]{1,64}$/.test(id))
    throw invalidOption(
      `${field}.id`,
      typeof id === "string" ? "has other characters" : "is not a text",
      'pass 1 to 64 letters, digits, dots, colons, hyphens and underscores, such as "2026-11"',
    );
  return { id, key: requireKey(`${field}.key`, key) };
}

function checkMemory(memory: unknown): FirstLevelOptions {
  requireNames(memory, { maxPartitions: true, maxAgeMs: true }, "memory");
  const { maxPartitions, maxAgeMs }: { readonly maxPartitions?: unknown; readonly maxAgeMs?: unknown } =
    memory;
  return {
    maxPartitions: positive(maxPartitions ?? 10_000, "memory.maxPartitions", 2 ** 24),
    maxAgeMs: positive(maxAgeMs ?? 30_000, "memory.maxAgeMs", LONGEST_TIMER_MS),
  };
}

function positive(value: unknown, field: string, most: number): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw invalidOption(field, shown(value), `pass a whole number from 1 to ${most}`);
}

function checkLogger(logger: unknown): RedisStoreLogger | undefined {
  if (logger === undefined) return undefined;
  const methods = ["error", "warning", "info"] as const;
  const missing = methods.filter(
    (name) => typeof (logger as Partial<Record<string, unknown>> | null)?.[name] !== "function",
  );
  if (missing.length > 0)
    throw invalidOption("logger", `lacks ${missing.join(" and ")}`, "pass an application's getLogger()");
  return logger as RedisStoreLogger;
}

/** Writes a value that is not a secret, as a program would. */
function shown(value: unknown): string {
  return `is ${JSON.stringify(value) ?? typeof value}`;
}
