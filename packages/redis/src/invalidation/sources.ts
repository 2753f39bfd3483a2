import type { RedisConnection } from "../connection/connection.js";
import {
  ioRedisClusterSources,
  ioRedisSources,
  type IoRedisClient,
  type IoRedisCluster,
} from "./ioredis-wire.js";
import {
  nodeRedisClusterSources,
  nodeRedisSentinelSources,
  nodeRedisSources,
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisSentinel,
} from "./node-redis-wire.js";
import type { WireSources } from "./wire.js";

/** The servers to listen to, as the application's client knows them. */
export function sourcesOf(client: unknown, { library, kind }: RedisConnection): WireSources {
  if (library === "ioredis")
    return kind === "cluster"
      ? ioRedisClusterSources(client as IoRedisCluster)
      : ioRedisSources(client as IoRedisClient);
  if (kind === "cluster") return nodeRedisClusterSources(client as NodeRedisCluster);
  if (kind === "sentinel") return nodeRedisSentinelSources(client as NodeRedisSentinel);
  const { duplicate } = client as Partial<NodeRedisClient>;
  return typeof duplicate === "function" ? nodeRedisSources(client as NodeRedisClient) : UNHEARD;
}

/** A pool lends connections and opens none for others. */
const UNHEARD: WireSources = {
  isCluster: false,
  now: () => [
    { id: "", open: async () => Promise.reject(new Error("ERR a pool opens no connection of its own")) },
  ],
};
