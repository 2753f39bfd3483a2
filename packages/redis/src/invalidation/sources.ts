import type { RedisConnection } from "../connection/connection.js";
import { keyPrefixOf } from "../connection/key-prefix.js";
import {
  ioRedisClusterSources,
  ioRedisSource,
  type IoRedisClient,
  type IoRedisCluster,
} from "./ioredis-wire.js";
import {
  nodeRedisClusterSources,
  nodeRedisSentinelSource,
  nodeRedisSource,
  type NodeRedisClient,
  type NodeRedisCluster,
  type NodeRedisSentinel,
} from "./node-redis-wire.js";
import type { WireSource, WireSources } from "./wire.js";

/** The servers to listen to, as the application's client knows them. The client was recognized by what it can do. */
export function sourcesOf(
  client: unknown,
  { library, kind }: Pick<RedisConnection, "library" | "kind">,
): WireSources {
  const isCluster = kind === "cluster";
  return { isCluster, keyPrefix: keyPrefixOf(client as object), now: listed() };

  function listed(): () => readonly WireSource[] {
    if (library === "ioredis") {
      if (isCluster) return () => ioRedisClusterSources(client as IoRedisCluster);
      return always(ioRedisSource(client as IoRedisClient));
    }
    if (isCluster) return () => nodeRedisClusterSources(client as NodeRedisCluster);
    if (kind === "sentinel") return always(nodeRedisSentinelSource(client as NodeRedisSentinel));
    const { duplicate } = client as Partial<NodeRedisClient>;
    return always(typeof duplicate === "function" ? nodeRedisSource(client as NodeRedisClient) : UNHEARD);
  }
}

/** A pool lends connections and opens none for others. */
const UNHEARD: WireSource = {
  id: "",
  open: async () => Promise.reject(new Error("ERR a pool opens no connection of its own")),
};

function always(source: WireSource): () => readonly WireSource[] {
  return () => [source];
}
