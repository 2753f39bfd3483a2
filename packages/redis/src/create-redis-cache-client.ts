import { connect } from "./connection/connect.js";
import type { Reply } from "./connection/connection.js";
import { envelopeOf, newVersion } from "./envelope.js";
import { storeFailed } from "./errors.js";
import { failureOf, mayPass } from "./failure.js";
import { namesOf } from "./names.js";
import { checkCacheClientOptions, type RedisCacheClientOptions } from "./options.js";
import { SentAgain, type SendingAgain } from "./send-again.js";

/** A client for `DistributedCachePlugin`, of `@tessera/node` and of `@azure/msal-node`: their `ICacheClient`. */
export interface RedisCacheClient {
  /** Returns the cache under a key, or an empty string. */
  get(key: string): Promise<string>;
  /** Stores the cache under a key, and returns it. */
  set(key: string, value: string): Promise<string>;
}

/** For how long a command is sent again. */
const LIMIT_MS = 1_000;

/**
 * Creates a client for `DistributedCachePlugin`, of `@tessera/node` and of `@azure/msal-node`, so that an app can move to
 * Redis before it moves to `createRedisStore`. A plugin loads, changes and saves in separate steps: of two processes that
 * change one user at the same time, the later one wins. A store has no such gap.
 *
 * @param options `client` is required
 * @throws {ClientConfigurationError} `invalid_option`. The methods of the client throw `cache_store_failed`
 *
 * @example
 * ```ts
 * import { ConfidentialClientApplication, DistributedCachePlugin } from "@tessera/node";
 * import { createClient } from "redis";
 *
 * const client = createClient({ url: "redis://localhost:6379" });
 * client.on("error", (error) => console.error(error));
 * // When the program starts: await client.connect();
 * const cachePlugin = new DistributedCachePlugin(createRedisCacheClient({ client }), {
 *   getKey: async () => session.homeAccountId,
 *   extractKey: async ({ homeAccountId }) => homeAccountId,
 * });
 * const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientSecret }, cache: { cachePlugin } });
 * ```
 */
export function createRedisCacheClient(options: RedisCacheClientOptions): RedisCacheClient {
  const { client, prefix, nameKey, keys, maxLifetimeSeconds } = checkCacheClientOptions(options);
  const connection = connect(client);
  // Names of their own: a store with the same prefix does not meet these values.
  const names = namesOf(`${prefix}cache:`, nameKey);
  const envelope = envelopeOf(keys);
  const { random } = Math;
  const how: SendingAgain = { failureOf, mayPass: (failure) => mayPass(failure, connection), random };
  const sent = async (key: string, send: () => Promise<Reply>): Promise<Reply> => {
    const command = new SentAgain(send, how);
    const limit = setTimeout(() => command.end(), LIMIT_MS);
    try {
      return await command.run();
    } catch (error) {
      throw storeFailed(`Redis did not do what was asked for the key ${key}: see the cause.`, error);
    } finally {
      clearTimeout(limit);
    }
  };
  return {
    async get(name) {
      const key = names.partition(name).value;
      const reply = await sent(key, async () => connection.command("GET", [key]));
      if (reply === null) return "";
      const opened = Buffer.isBuffer(reply) ? envelope.open(key, reply) : "foreign";
      if (opened === "foreign")
        throw storeFailed(`The Redis key ${key} has a value of another program: choose another prefix.`);
      if ("unreadable" in opened || opened.partition !== name) return "";
      return opened.document;
    },
    async set(name, document) {
      const key = names.partition(name).value;
      const value = envelope.seal(key, newVersion(), { partition: name, group: "", document });
      await sent(key, async () =>
        connection.command("SET", [key], [value, "EX", String(maxLifetimeSeconds)]),
      );
      return document;
    },
  };
}
