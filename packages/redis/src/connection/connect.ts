import { errorText, invalidOption } from "@tessera/core/internal";
import { keyPrefixOf } from "./key-prefix.js";
import type { RedisConnection, Reply, Send } from "./connection.js";

/** A client of the package `redis`: each kind sends a raw command in its own way. */
interface NodeRedis {
  sendCommand(...given: readonly unknown[]): Promise<unknown>;
  readonly isOpen?: boolean;
}

/** A client of the package `ioredis`. It prefixes keys itself, also those of `callBuffer`. */
interface IoRedis {
  callBuffer(...words: readonly unknown[]): Promise<unknown>;
  readonly isCluster?: boolean;
  readonly status?: string;
  readonly options?: { readonly sentinels?: unknown; readonly scaleReads?: unknown };
}

interface Recognized extends Pick<RedisConnection, "library" | "kind" | "isOpen"> {
  readonly keyPrefix: string;
  readonly send: Send;
}

/**
 * Recognizes a client by what it can do: two copies of a library have different classes.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function connect(client: unknown): RedisConnection {
  const { library, kind, isOpen, keyPrefix, send } = recognized(client);
  const named = (keys: readonly string[]): readonly string[] =>
    keyPrefix ? keys.map((key) => `${keyPrefix}${key}`) : keys;
  return {
    library,
    kind,
    isOpen,
    command: async (name, keys, rest = []) => {
      const all = named(keys);
      return (await send(all[0] ?? "", [name, ...all, ...rest])) as Reply;
    },
    run: async ({ sha, text }, keys, parameters) => {
      const all = named(keys);
      const rest = [String(all.length), ...all, ...parameters];
      try {
        return (await send(all[0] ?? "", ["EVALSHA", sha, ...rest])) as Reply;
      } catch (error) {
        if (!/^NOSCRIPT\b/.test(errorText(error))) throw error;
        // After a restart, a failover or SCRIPT FLUSH, the server no longer knows the hash: EVAL sends the script itself.
        return (await send(all[0] ?? "", ["EVAL", text, ...rest])) as Reply;
      }
    },
  };
}

function recognized(client: unknown): Recognized {
  if (typeof client === "object" && client !== null) {
    if (isIoRedis(client)) return ofIoRedis(client);
    if (isNodeRedis(client)) return ofNodeRedis(client);
  }
  const what = client === null || client === undefined ? "is missing" : "is not a Redis client";
  throw invalidOption(
    "client",
    what,
    "pass a client, cluster or sentinel of the package redis (5 or later), or a Redis or Cluster of ioredis (5 or later)",
  );
}

/** In RESP, the type of strings that may contain any bytes. */
const BULK_STRING = "$".charCodeAt(0);
const BYTES = { [BULK_STRING]: Buffer };

function ofNodeRedis(client: object & NodeRedis): Recognized {
  // A raw command has no prefix from the client.
  const keyPrefix = keyPrefixOf(client);
  const library = "redis";
  const isOpen = (): boolean => client.isOpen !== false;
  // The client keeps the options, and a cluster writes into them.
  const options = (): object => ({ typeMapping: BYTES });
  if ("masters" in client && "nodeClient" in client)
    return {
      library,
      kind: "cluster",
      isOpen,
      keyPrefix,
      send: async (key, words) => client.sendCommand(key, false, words, options()),
    };
  if ("getSentinelNode" in client)
    return {
      library,
      kind: "sentinel",
      isOpen,
      keyPrefix,
      send: async (_key, words) => client.sendCommand(false, words, options()),
    };
  return {
    library,
    kind: "alone",
    isOpen,
    keyPrefix,
    send: async (_key, words) => client.sendCommand(words, options()),
  };
}

function ofIoRedis(client: object & IoRedis): Recognized {
  const { isCluster, options } = client;
  const kind = isCluster ? "cluster" : options?.sentinels ? "sentinel" : "alone";
  if (isCluster && (options?.scaleReads ?? "master") !== "master")
    throw invalidOption(
      "client",
      "reads from replicas, which are late",
      'pass a Cluster with scaleReads: "master" (the default), for instance one of its own for the store',
    );
  return {
    library: "ioredis",
    kind,
    isOpen: () => client.status !== "end",
    keyPrefix: "",
    send: async (_key, words) => client.callBuffer(...words),
  };
}

function isNodeRedis(client: object): client is object & NodeRedis {
  return "sendCommand" in client && typeof client.sendCommand === "function";
}

function isIoRedis(client: object): client is object & IoRedis {
  return "callBuffer" in client && typeof client.callBuffer === "function";
}
