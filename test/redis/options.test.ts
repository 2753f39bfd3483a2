// Options that cannot be used are refused before anything is sent, with the field, its value and the remedy.
// proves: redis/src/options.ts, redis/src/index.ts, core/src/errors/invalid-option.ts, redis/src/log.ts
import { randomBytes } from "node:crypto";
import { expect, test } from "@jest/globals";
import { createRedisStore, type RedisStoreOptions } from "@tessera/redis";
import { createClient } from "redis";

const client = createClient();
const secret = randomBytes(32);
const [nameKey, key] = [randomBytes(32), randomBytes(32)];
const encrypted = (keys: unknown, other: object = {}) => ({ encryption: { nameKey, keys, ...other } });

test.each<readonly [string, unknown, string]>([
  ["no options", undefined, "options of createRedisStore are missing: pass an object with client, prefix,"],
  ["no client", {}, "client is missing: pass a client"],
  ["a URL", { client: "redis://localhost" }, "client is not a Redis client: pass a client"],
  ["an unknown option", { client, ttl: 1 }, "ttl is not an option of createRedisStore: use client, prefix,"],
  ["no prefix", { client, prefix: "" }, 'prefix is "": pass a text'],
  ["a prefix with a tag", { client, prefix: "{app}:" }, 'prefix is "{app}:": leave out braces'],
  ["a lease of no time", { client, leaseMs: 0 }, "leaseMs is 0: pass a whole number from 1"],
  ["half a millisecond", { client, commandTimeoutMs: 0.5 }, "commandTimeoutMs is 0.5: pass a whole number"],
  ["no limit", { client, maxLifetimeSeconds: Infinity }, "maxLifetimeSeconds is null: pass a whole number"],
  ["true for the memory", { client, memory: true }, "options of memory are missing"],
  [
    "an unknown bound",
    { client, memory: { max: 1 } },
    "max is not an option of memory: use maxPartitions, maxAgeMs",
  ],
  ["a text as a bound", { client, memory: { maxAgeMs: "1" } }, 'memory.maxAgeMs is "1": pass a whole number'],
  ["half a logger", { client, logger: { info: () => undefined } }, "logger lacks error and warning: pass"],
  ["a key alone", { client, encryption: secret }, " is not an option of encryption"],
  ["no keys", { client, ...encrypted([]) }, "encryption.keys is not a list of keys: pass [{ id, key }]"],
  [
    "keys without names",
    { client, encryption: { keys: [{ id: "a", key }] } },
    "encryption.nameKey is not a Buffer",
  ],
  [
    "a short key",
    { client, ...encrypted([{ id: "a", key: secret.subarray(1) }]) },
    "encryption.keys[0].key has 31 bytes",
  ],
  [
    "a key as text",
    { client, ...encrypted([{ id: "a", key: secret.toString("hex") }]) },
    "encryption.keys[0].key is not a Buffer",
  ],
  ["a key without an id", { client, ...encrypted([{ key }]) }, "encryption.keys[0].id is not a text"],
  [
    "two keys of one id",
    {
      client,
      ...encrypted([
        { id: "a", key },
        { id: "a", key: secret },
      ]),
    },
    'encryption.keys has the id "a" twice',
  ],
  [
    "one key for both",
    { client, ...encrypted([{ id: "a", key: nameKey }]) },
    "encryption.nameKey is also one of",
  ],
])("%s: refused", (_what, options, message) => {
  const create = () => createRedisStore(options as RedisStoreOptions);
  expect(create).toThrow(
    expect.objectContaining({ name: "ClientConfigurationError", errorCode: "invalid_option" }),
  );
  let text = "";
  try {
    create();
  } catch (error) {
    text = String(error);
  }
  expect(text).toContain(message);
  expect(text).not.toContain(secret.toString("hex"));
});

test("nothing but a client is needed, and an option that is not given may be undefined or null", () => {
  const options = { client, prefix: undefined, encryption: null, memory: undefined, logger: null };
  expect(createRedisStore(options as unknown as RedisStoreOptions).stats()).toMatchObject({
    available: true,
  });
  expect(client.isOpen).toBe(false);
});
