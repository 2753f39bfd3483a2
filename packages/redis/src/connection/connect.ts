import { errorText, invalidOption, pause, systemClock } from "@tessera/core/internal";
import { keyPrefixOf } from "./key-prefix.js";
import type { ClientLibrary, RedisConnection, Reply, Send, ServerKind } from "./connection.js";

/** A client of the package `redis`: each kind sends a raw command in its own way. */
interface NodeRedis {
  sendCommand(...given: readonly unknown[]): Promise<unknown>;
}

/** A client of the package `ioredis`. It prefixes keys itself, also those of `callBuffer`. */
interface IoRedis {
  callBuffer(...words: readonly unknown[]): Promise<unknown>;
  readonly isCluster?: boolean;
  readonly options?: { readonly sentinels?: unknown; readonly scaleReads?: unknown };
}

interface Recognized {
  readonly library: ClientLibrary;
  readonly kind: ServerKind;
  readonly keyPrefix: string;
  readonly send: Send;
}

/**
 * Recognizes a client by what it can do: two copies of a library have different classes.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function connect(client: unknown): RedisConnection {
  const { library, kind, keyPrefix, send } = recognized(client);
  const named = (keys: readonly string[]): readonly string[] =>
    keyPrefix ? keys.map((key) => `${keyPrefix}${key}`) : keys;
  return {
    library,
    kind,
    command: async (name, keys, rest = []) => {
      const all = named(keys);
      return (await send(all[0] ?? "", [name, ...all, ...rest])) as Reply;
    },
    run: async ({ sha, text }, keys, parameters) => {
      const all = named(keys);
      const rest = [String(all.length), ...all, ...parameters];
      for (let command = ["EVALSHA", sha], pauseMs = 10; ; pauseMs *= 2) {
        try {
          return (await send(all[0] ?? "", [...command, ...rest])) as Reply;
        } catch (error) {
          const word = /^\w+/.exec(errorText(error))?.[0];
          // A server that has restarted, was promoted or flushed does not know it; the text makes it known.
          if (word === "NOSCRIPT" && command[0] === "EVALSHA") command = ["EVAL", text];
          // The slot moves to another server, and has left some keys behind.
          else if (word === "TRYAGAIN" && pauseMs <= LONGEST_PAUSE_MS)
            await pause(systemClock, pauseMs, undefined);
          else throw error;
        }
      }
    },
  };
}

const LONGEST_PAUSE_MS = 160;

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
  // The client keeps the options, and a cluster writes into them.
  const options = (): object => ({ typeMapping: BYTES });
  if ("masters" in client && "nodeClient" in client)
    return {
      library,
      kind: "cluster",
      keyPrefix,
      send: async (key, words) => client.sendCommand(key, false, words, options()),
    };
  if ("getSentinelNode" in client)
    return {
      library,
      kind: "sentinel",
      keyPrefix,
      send: async (_key, words) => client.sendCommand(false, words, options()),
    };
  return {
    library,
    kind: "alone",
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
