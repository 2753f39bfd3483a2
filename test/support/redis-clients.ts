// The clients that apps use, of both libraries and their two major versions, connected to a server of a test.
import { createClient, createCluster, createSentinel } from "redis";
import * as redis5 from "redis-5";
import { Cluster, Redis } from "ioredis";
import * as ioredis6 from "ioredis-6";
import type { RedisCluster, RedisServer, SentinelRedis } from "./redis-servers.js";

/** A client of an app, whichever library it is from. */
export interface AppClient {
  readonly client: object;
  close(): Promise<void>;
}

export const libraries = ["redis 5", "redis 6", "ioredis 5", "ioredis 6"] as const;
export type Library = (typeof libraries)[number];

/** @param options of the library: `{ RESP: 3 }`, `{ keyPrefix: "app:" }` */
export async function clientOf(
  library: Library,
  { url }: RedisServer,
  options: object = {},
): Promise<AppClient> {
  switch (library) {
    case "redis 5":
      return connected(redis5.createClient({ url, ...options }));
    case "redis 6":
      return connected(createClient({ url, ...options }));
    case "ioredis 5":
      return ready(new Redis(url, options));
    case "ioredis 6":
      return ready(new ioredis6.Redis(url, options));
  }
}

export async function clusterClientOf(library: Library, { urls }: RedisCluster): Promise<AppClient> {
  const rootNodes = urls.map((url) => ({ url }));
  switch (library) {
    case "redis 5":
      return connected(redis5.createCluster({ rootNodes }));
    case "redis 6":
      return connected(createCluster({ rootNodes }));
    case "ioredis 5":
      return ready(new Cluster([...urls]));
    case "ioredis 6":
      return ready(new ioredis6.Cluster([...urls]));
  }
}

export async function sentinelClientOf(
  library: Library,
  { name, sentinel: { port } }: SentinelRedis,
): Promise<AppClient> {
  const nodes = [{ host: "127.0.0.1", port }];
  switch (library) {
    case "redis 5":
      return connected(redis5.createSentinel({ name, sentinelRootNodes: nodes }));
    case "redis 6":
      return connected(createSentinel({ name, sentinelRootNodes: nodes }));
    case "ioredis 5":
      return ready(new Redis({ name, sentinels: nodes }));
    case "ioredis 6":
      return ready(new ioredis6.Redis({ name, sentinels: nodes }));
  }
}

interface NodeRedis {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

async function connected<T extends NodeRedis>(client: T): Promise<AppClient> {
  client.on("error", () => undefined);
  await client.connect();
  return { client, close: async () => void (await client.destroy()) };
}

interface IoRedis {
  on(event: "error", listener: () => void): unknown;
  once(event: "ready", listener: () => void): unknown;
  disconnect(): void;
}

async function ready<T extends IoRedis>(client: T): Promise<AppClient> {
  client.on("error", () => undefined);
  await new Promise<void>((resolve) => client.once("ready", resolve));
  return { client, close: async () => client.disconnect() };
}
