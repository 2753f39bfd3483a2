// While Redis is away, calls are bounded, the process goes on, and the store says so; when it is back, so is the store.
// proves: redis/src/create-redis-store.ts, redis/src/availability.ts, redis/src/stats.ts
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { createRedisStore, type RedisClient, type RedisTokenStore } from "@tessera/redis";
import { describeWith } from "../support/real-part.js";
import { clientOf, libraries, type Library } from "../support/redis-clients.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";

const put = (document: string) => () => ({ document, group: "users", timeToLive: 3_600 });

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  let lines: string[];
  const undo: (() => Promise<unknown>)[] = [];
  beforeEach(async () => {
    lines = [];
    server = await startRedis();
    undo.push(async () => server.stop());
  });
  afterEach(async () => {
    for (const end of undo.splice(0).reverse()) await end();
  });

  const opened = async (library: Library, commandTimeoutMs = 200): Promise<RedisTokenStore> => {
    const { client, close } = await clientOf(library, server);
    undo.push(close);
    const line = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
    const logger = { error: line("error"), warning: line("warning"), info: line("info") };
    const store = createRedisStore({ client: client as RedisClient, commandTimeoutMs, logger });
    undo.push(async () => store.close());
    return store;
  };
  /** Asks until the answer is another one. */
  const until = async <T>(ask: () => Promise<T>, isReached: (answer: T) => boolean): Promise<T> => {
    for (;;) {
      const answer = await ask();
      if (isReached(answer)) return answer;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  test.each(libraries)("%s: a killed server is missed, and greeted when it is back", async (library) => {
    const store = await opened(library);
    expect(store.stats()).toMatchObject({ available: true, unsaved: 0, errors: {} });
    await store.update("user:1", put("before"));
    await server.kill();
    await until(
      async () => [await store.load("user:1"), await store.update("user:2", put("meanwhile"))],
      () => !store.stats().available,
    );
    expect(await store.load("user:1", "held")).toBe("unavailable");
    expect(await store.update("user:2", put("meanwhile"))).toBe("unavailable");
    expect(await store.list("users")).toBe("unavailable");
    const work = {
      found: async () => undefined,
      run: async ({ holds }: { holds(): Promise<boolean> }) => holds(),
    };
    expect(await store.inTurn("user:1", work)).toBe(true);
    const { available, unsaved, errors, since } = store.stats();
    expect([available, unsaved]).toEqual([false, 1]);
    expect(Object.values(errors).reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(3);
    expect(Date.now() - since.getTime()).toBeGreaterThanOrEqual(0);

    await server.restart();
    await until(
      async () => store.update("user:2", put("after")),
      (outcome) => outcome !== "unavailable",
    );
    expect(await store.load("user:2")).toMatchObject({ document: "after" });
    expect(store.stats()).toMatchObject({ available: true, unsaved: 0 });
    expect(lines).toEqual([
      expect.stringMatching(/^warning: Redis does not answer \(/),
      expect.stringMatching(/^info: Redis answers again\./),
    ]);
  });

  test.each(libraries)(
    "%s: a server that stands still holds a call no longer than allowed",
    async (library) => {
      // However busy the machine is.
      const before = await opened(library, 30_000);
      const outcome = await before.update("user:1", put("before"));
      const store = await opened(library);
      server.pause();
      expect(await store.load("user:1")).toBe("unavailable");
      expect(await store.update("user:1", put("late"))).toBe("unavailable");
      expect(await store.inTurn("user:1", { found: async () => undefined, run: async () => "done" })).toBe(
        "done",
      );
      expect(store.stats()).toMatchObject({ available: false, unsaved: 1, errors: { timeout: 3 } });
      server.resume();
      // What was read for the change that was given up is not applied when it comes late.
      const loaded = await until(
        async () => store.load("user:1"),
        (answer) => answer !== "unavailable",
      );
      expect(loaded).toEqual({ document: "before", version: (outcome as { version: string }).version });
      // The lease that was given up is given back: nobody waits for it.
      expect(await store.inTurn("user:1", { found: async () => undefined, run: async () => "again" })).toBe(
        "again",
      );
      expect(store.stats().turns).toMatchObject({ lost: 0 });
    },
  );

  test.each(libraries)(
    "%s: after close the app's client works, and the store works without messages",
    async (library) => {
      const { client, close } = await clientOf(library, server);
      undo.push(close);
      const store = createRedisStore({ client: client as RedisClient });
      await store.update("user:1", put("document"));
      await store.load("user:1");
      await store.close();
      await store.close();
      // The app's, and the one that counts.
      await until(
        async () => String(await server.command("CLIENT", "LIST")).match(/^id=/gm)?.length,
        (connections) => connections === 2,
      );
      expect(await store.load("user:1")).toMatchObject({ document: "document" });
      expect(store.stats()).toMatchObject({ invalidatedBy: "age", available: true });
    },
  );
});
