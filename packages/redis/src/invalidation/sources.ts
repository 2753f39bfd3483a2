import type { RedisConnection } from "../connection/connection.js";
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

/** Returns the servers behind an application's client, which has been recognized. */
export function wireSources(
  client: unknown,
  { library, kind }: Pick<RedisConnection, "library" | "kind">,
): WireSources {
  return {
    isCluster: kind === "cluster",
    keyPrefix: keyPrefixOf(client as Prefixing),
    now: sourcesOf(client, `${library} ${kind}`),
  };
}

/** Where the clients keep what they put in front of every key. */
interface Prefixing {
  readonly _keyPrefix?: unknown;
  readonly options?: { readonly keyPrefix?: unknown; readonly redisOptions?: { readonly keyPrefix?: unknown } };
}

function keyPrefixOf({ _keyPrefix, options }: Prefixing): string {
  const prefix = _keyPrefix ?? (options?.keyPrefix || options?.redisOptions?.keyPrefix);
  return typeof prefix === "string" ? prefix : "";
}

function sourcesOf(
  client: unknown,
  kind: `${RedisConnection["library"]} ${RedisConnection["kind"]}`,
): () => readonly WireSource[] {
  const always = (source: WireSource) => () => [source];
  // The client was recognized by what it can do.
  switch (kind) {
    case "redis alone":
      return always(nodeRedisSource(client as NodeRedisClient));
    case "redis sentinel":
      return always(nodeRedisSentinelSource(client as NodeRedisSentinel));
    case "redis cluster":
      return () => nodeRedisClusterSources(client as NodeRedisCluster);
    case "ioredis alone":
    case "ioredis sentinel":
      return always(ioRedisSource(client as IoRedisClient));
    case "ioredis cluster":
      return () => ioRedisClusterSources(client as IoRedisCluster);
  }
}
