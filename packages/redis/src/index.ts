/**
 * A token cache in Redis or Valkey: shared by all processes of a web app, API or daemon.
 *
 * @packageDocumentation
 */
export { createRedisStore, type RedisTokenStore } from "./create-redis-store.js";
export { createRedisCacheClient, type RedisCacheClient } from "./create-redis-cache-client.js";
export type {
  RedisCacheClientOptions,
  RedisClient,
  RedisEncryption,
  RedisStoreLogger,
  RedisStoreOptions,
} from "./options.js";
export type { EncryptionKey } from "./envelope.js";
export type { FirstLevelOptions } from "./first-level.js";
export type { RedisStoreStats } from "./stats.js";
export type { InvalidationMeans } from "./invalidation/invalidation.js";
