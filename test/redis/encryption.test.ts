// What is stored can be read with a key of the ring, under its own key in Redis, and not otherwise.
// proves: redis/src/envelope.ts
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import {
  createRedisStore,
  type EncryptionKey,
  type RedisStoreOptions,
  type RedisTokenStore,
} from "@tessera/redis";
import { createClient, RESP_TYPES } from "redis";
import { describeWith } from "../support/real-part.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";

const nameKey = randomBytes(32);
const old: EncryptionKey = { id: "2026-08", key: randomBytes(32) };
const recent: EncryptionKey = { id: "2026-11", key: randomBytes(32) };
const document = '{"RefreshToken":"a secret"}';
const put = (text: string) => () => ({ document: text, group: "users" });

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  let client: ReturnType<typeof createClient>;
  const stores: RedisTokenStore[] = [];
  beforeAll(async () => {
    server = await startRedis();
    client = createClient({ url: server.url });
    await client.connect();
  });
  beforeEach(async () => void (await client.flushAll()));
  afterEach(async () => {
    await Promise.all(stores.splice(0).map(async (store) => store.close()));
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  const opened = (keys: readonly EncryptionKey[] | undefined, options: Partial<RedisStoreOptions> = {}) => {
    const lines: string[] = [];
    const line = (message: string): void => void lines.push(message);
    const store = createRedisStore({
      client,
      memory: false,
      logger: { error: line, warning: line, info: line },
      ...(keys && { encryption: { nameKey, keys } }),
      ...options,
    });
    stores.push(store);
    return { store, lines };
  };
  const values = async (): Promise<Record<string, Buffer>> => {
    const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    const keys = (await client.keys("*")).filter((key) => !key.includes("index:"));
    return Object.fromEntries(
      await Promise.all(keys.map(async (key) => [key, (await bytes.get(key)) as Buffer] as const)),
    );
  };

  test("without the option, the document can be read in Redis; with it, not even whose it is", async () => {
    await opened(undefined).store.update("user:alice", put(document));
    expect(Object.values(await values()).map(String)).toEqual([expect.stringContaining(document)]);
    await client.flushAll();

    await opened([recent]).store.update("user:alice", put(document));
    const everything = Object.entries(await values()).flatMap(([key, value]) => [
      key,
      value.toString("latin1"),
    ]);
    expect(everything).toHaveLength(2);
    for (const hidden of ["alice", "secret", "RefreshToken", "users"])
      for (const text of everything) expect(text).not.toContain(hidden);
  });

  test("names have a key of their own: with another one, nothing is found", async () => {
    await opened([recent]).store.update("user:alice", put(document));
    const other = createRedisStore({ client, encryption: { nameKey: randomBytes(32), keys: [recent] } });
    stores.push(other);
    expect(await other.load("user:alice")).toBe("absent");
  });

  test("a value is never encrypted alike twice", async () => {
    const { store } = opened([recent]);
    await store.update("user:alice", put(document));
    const [first] = Object.values(await values());
    await store.update("user:alice", put(document));
    const [second] = Object.values(await values());
    expect(second?.subarray(30)).not.toEqual(first?.subarray(30));
  });

  test("a key is rotated while old and new processes run side by side", async () => {
    const before = opened([old]).store;
    await before.update("user:1", put("by the first"));
    // First every process gets to know the new key, then it encrypts, and at last the old one goes.
    const knowing = opened([old, recent]).store;
    await knowing.update("user:2", put("by the second"));
    const rotated = opened([recent, old]).store;
    await rotated.update("user:3", put("by the third"));
    await rotated.update("user:1", (current) => put(`${String(current)}, changed`)());
    for (const store of [knowing, rotated]) {
      expect(await store.load("user:1")).toMatchObject({ document: "by the first, changed" });
      expect(await store.load("user:2")).toMatchObject({ document: "by the second" });
      expect(await store.load("user:3")).toMatchObject({ document: "by the third" });
      expect((await store.list("users")) as object).toMatchObject({ partitions: { length: 3 } });
    }
    await knowing.update("user:2", (current) => put(`${String(current)}, again`)());
    expect(await rotated.load("user:2")).toMatchObject({ document: "by the second, again" });
  });

  test("with a key that is not in the ring a value counts as absent, which is said once, and can be replaced", async () => {
    await opened([recent]).store.update("user:1", put(document));
    const { store, lines } = opened([old]);
    expect(await store.load("user:1")).toBe("absent");
    expect(await store.list("users")).toMatchObject({ partitions: [] });
    expect(lines).toEqual([expect.stringContaining("not in encryption.keys")]);
    await store.update("user:1", (current) => put(`after ${String(current)}`)());
    expect(await store.load("user:1")).toMatchObject({ document: "after undefined" });
  });

  test.each(["moved to another key", "changed in one bit", "cut off", "of another version", "not encrypted"])(
    "a value that is %s does not decrypt",
    async (what) => {
      const { store, lines } = opened([recent]);
      await store.update("user:alice", put(document));
      await store.update("user:bob", put(document));
      const [[alice, value] = ["", Buffer.alloc(0)], [bob] = [""]] = Object.entries(await values());
      const changed = Buffer.from(value);
      if (what === "moved to another key") await client.copy(alice, bob, { REPLACE: true });
      if (what === "changed in one bit") changed.writeUInt8((changed.at(-1) ?? 0) ^ 1, changed.length - 1);
      if (what === "of another version") changed.write("AAAA", 4);
      if (what === "not encrypted") {
        const open = createRedisStore({ client, prefix: "open:" });
        stores.push(open);
        await open.update("user:alice", put(document));
        const [, clear] = Object.entries(await values()).find(([key]) => key.startsWith("open:")) ?? [];
        await client.set(alice, clear ?? "");
      } else if (what === "cut off") await client.set(alice, changed.subarray(0, 40));
      else if (what !== "moved to another key") await client.set(alice, changed);
      const answers = await Promise.all([store.load("user:alice"), store.load("user:bob")]);
      expect(answers.filter((answer) => answer === "absent")).toHaveLength(1);
      expect(lines).toHaveLength(1);
    },
  );

  test("a value in clear text that was moved to another key counts as absent", async () => {
    const { store } = opened(undefined);
    await store.update("user:alice", put(document));
    await store.update("user:bob", put(document));
    const [alice = "", bob = ""] = Object.keys(await values());
    await client.copy(alice, bob, { REPLACE: true });
    const answers = await Promise.all([store.load("user:alice"), store.load("user:bob")]);
    expect(answers.filter((answer) => answer === "absent")).toHaveLength(1);
    expect(await store.list("users")).toMatchObject({ partitions: { length: 1 } });
  });
});
