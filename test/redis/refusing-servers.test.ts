// What the store does about each word with which a server refuses everything, or every change, for a while.
// proves: redis/src/failure.ts, redis/src/availability.ts
import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  createRedisStore,
  type RedisClient,
  type RedisStoreOptions,
  type RedisTokenStore,
} from "@tessera/redis";
import { describeWith } from "../support/real-part.js";
import { clientOf, type AppClient } from "../support/redis-clients.js";
import { hasRedis, startRedis, until, type RedisServer } from "../support/redis-servers.js";

const put = (document: string) => () => ({ document, group: "users", timeToLive: 3_600 });
const LIBRARIES = ["redis 6", "ioredis 5"] as const;
type Does = (server: RedisServer, clients: readonly AppClient[]) => unknown;

const set =
  (...settings: readonly string[]): Does =>
  async (server) =>
    server.command("CONFIG", "SET", ...settings);
const isFollowing = async (server: RedisServer) => server.command("REPLICAOF", "127.0.0.1", "1");
const leads: Does = async (server) => server.command("REPLICAOF", "NO", "ONE");

/** How a server comes to say a word, and stops. While it does, reads are answered or not. */
const WORDS: readonly (readonly [string, "reads on" | "does without", Does, Does])[] = [
  ["READONLY", "reads on", isFollowing, leads],
  [
    "MASTERDOWN",
    "does without",
    async (server) => {
      await server.command("CONFIG", "SET", "replica-serve-stale-data", "no");
      await isFollowing(server);
    },
    leads,
  ],
  ["NOREPLICAS", "reads on", set("min-replicas-to-write", "1"), set("min-replicas-to-write", "0")],
  ["OOM", "reads on", set("maxmemory", "1"), set("maxmemory", "0")],
  [
    "BUSY",
    "does without",
    async (server) => {
      await server.command("CONFIG", "SET", "busy-reply-threshold", "1");
      void server.command("EVAL", "while true do end", "0").catch(() => undefined);
      await until(async () => {
        const pinged = await server.command("PING").catch(String);
        return String(pinged).includes("BUSY");
      });
    },
    async (server) => server.command("SCRIPT", "KILL"),
  ],
  [
    "NOPERM",
    "reads on",
    async (server) => server.command("ACL", "SETUSER", "default", "-eval", "-evalsha"),
    async (server) => server.command("ACL", "SETUSER", "default", "+@all"),
  ],
  [
    "NOAUTH",
    "does without",
    async (server, clients) => {
      await server.command("CONFIG", "SET", "requirepass", "secret");
      // A connection that has been there before stays.
      for (const { client } of clients) await raw(client, "RESET");
    },
    async (server, clients) => {
      for (const { client } of clients) await raw(client, "AUTH", "secret");
      await raw(clients[0]?.client ?? server, "CONFIG", "SET", "requirepass", "");
    },
  ],
  // The last one: its folder does not come back.
  [
    "MISCONF",
    "reads on",
    async (server) => {
      await server.command("CONFIG", "SET", "save", "3600 1");
      rmSync(server.folder, { recursive: true });
      await server.command("BGSAVE");
      await until(async () => /bgsave_status:err/.test(String(await server.command("INFO", "persistence"))));
    },
    // It would not end, either, without having saved.
    set("stop-writes-on-bgsave-error", "no", "save", ""),
  ],
];

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  let clients: readonly AppClient[];
  const stores: RedisTokenStore[] = [];
  beforeAll(async () => {
    server = await startRedis();
    // As RESP 2, a connection can begin anew.
    clients = await Promise.all([
      clientOf("redis 6", server, { RESP: 2 }),
      clientOf("ioredis 5", server, { protocol: 2 }),
    ]);
  });
  afterAll(async () => {
    await Promise.all(stores.map(async (store) => store.close()));
    await Promise.all(clients.map(async ({ close }) => close()));
    await server.stop();
  });

  const opened = ({ client }: AppClient, prefix: string, options: Partial<RedisStoreOptions> = {}) => {
    const lines: string[] = [];
    const line = (message: string): void => void lines.push(message);
    const logger = { error: line, warning: line, info: line };
    const store = createRedisStore({ client: client as RedisClient, prefix, logger, ...options });
    stores.push(store);
    return { store, lines };
  };

  test.each(WORDS)(
    "%s: the store %s, says so once by that word, and stores again when the server does",
    async (word, reads, begin, end) => {
      const both = clients.map((client, index) => ({
        library: LIBRARIES[index],
        // However busy the machine is.
        ...opened(client, `${word} ${index}:`, { commandTimeoutMs: 30_000 }),
      }));
      for (const { store } of both) await store.update("user:1", put("before"));
      await begin(server, clients);
      for (const { library, store, lines } of both) {
        for (let call = 0; call < 3; call += 1)
          expect([library, await store.update("user:1", put("refused"))]).toEqual([library, "unavailable"]);
        expect(await store.load("user:1")).toEqual(
          reads === "reads on" ? { document: "before", version: expect.any(String) } : "unavailable",
        );
        expect(store.stats()).toMatchObject({ available: false, unsaved: 1 });
        expect(store.stats().errors).toEqual({ [word]: expect.any(Number) });
        expect(lines).toEqual([expect.stringMatching(new RegExp(`^Redis [a-z ]+ \\(${word}\\)`))]);
      }
      await end(server, clients);
      for (const { library, store, lines } of both) {
        await until(async () => (await store.update("user:1", put("after"))) !== "unavailable");
        expect([library, await store.load("user:1")]).toMatchObject([library, { document: "after" }]);
        expect(store.stats()).toMatchObject({ available: true, unsaved: 0 });
        expect(lines.slice(1)).toEqual([expect.stringMatching(/^Redis answers again/)]);
      }
    },
  );

  test("WRONGPASS: a client that cannot log in any more is done without, until it can", async () => {
    const acl = async (password: string) =>
      server.command("ACL", "SETUSER", "app", "on", "resetpass", `>${password}`, "~*", "&*", "+@all");
    await acl("old");
    const url = server.url.replace("//", "//app:old@");
    const apps = await Promise.all(LIBRARIES.map(async (library) => clientOf(library, { ...server, url })));
    const both = apps.map((app, index) => opened(app, `password ${index}:`, { commandTimeoutMs: 100 }));
    for (const { store } of both)
      await until(async () => (await store.update("user:1", put("before"))) !== "unavailable");
    await acl("new");
    await server.command("CLIENT", "KILL", "USER", "app");
    for (const { store, lines } of both) {
      await until(async () => {
        expect(await store.update("user:1", put("refused"))).toBe("unavailable");
        return !store.stats().available;
      });
      // The library tells its own listeners why; commands have no answer.
      expect(lines).toEqual([expect.stringMatching(/^Redis does not answer/)]);
    }
    await acl("old");
    for (const { store } of both) {
      await until(async () => (await store.update("user:1", put("after"))) !== "unavailable");
      expect(await store.load("user:1")).toMatchObject({ document: "after" });
    }
    await Promise.all(apps.map(async ({ close }) => close()));
  });
});

/** Sends a command on a connection of the app. */
async function raw(client: object, ...words: string[]): Promise<unknown> {
  const { sendCommand, call } = client as {
    sendCommand: (words: string[]) => Promise<unknown>;
    call?: (...words: string[]) => Promise<unknown>;
  };
  return call ? call.apply(client, words) : sendCommand.call(client, [...words]);
}
