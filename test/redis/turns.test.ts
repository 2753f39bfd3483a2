// Work of the same name is done by one process; the others end with its outcome as soon as it is stored.
// proves: redis/src/turns.ts
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { connect } from "../../packages/redis/src/connection/connect.js";
import { Invalidation } from "../../packages/redis/src/invalidation/invalidation.js";
import { sourcesOf } from "../../packages/redis/src/invalidation/sources.js";
import { Counters } from "../../packages/redis/src/stats.js";
import { fenceOf, Turns } from "../../packages/redis/src/turns.js";
import { describeWith } from "../support/real-part.js";
import { clientOf, type Library } from "../support/redis-clients.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";

const channel = "tessera:changes";
const dataKey = (name: string): string => `tessera:{${name}}`;
const turnKey = (name: string): string => `tessera:{${name}}:turn`;

/** One process's part in it. */
interface Process {
  readonly turns: Turns;
  readonly counters: Counters;
  /** What it has dropped before it asked the server. */
  readonly forgotten: string[];
  readonly store: (name: string, value: string) => Promise<unknown>;
  readonly stored: (name: string) => Promise<string | undefined>;
}

describeWith("redis-server", hasRedis(), () => {
  let server: RedisServer;
  const undo: (() => unknown)[] = [];
  let isAway = false;
  beforeAll(async () => {
    server = await startRedis();
    await server.command(
      "ACL",
      "SETUSER",
      "untracked",
      "on",
      ">secret",
      "~*",
      "&*",
      "+@all",
      "-client|tracking",
    );
  });
  afterAll(async () => server.stop());
  beforeEach(async () => {
    isAway = false;
    await server.command("FLUSHALL");
  });
  afterEach(async () => {
    for (const end of undo.splice(0).reverse()) await end();
  });

  const started = async (library: Library, user = "", isHeard = true): Promise<Process> => {
    const url = server.url.replace("//", `//${user}`);
    const { client, close } = await clientOf(library, { ...server, url });
    undo.push(close);
    const connection = connect(client);
    const counters = new Counters();
    const forgotten: string[] = [];
    let heard = (): void => undefined;
    const isReady = new Promise<void>((resolve) => (heard = resolve));
    const invalidation = new Invalidation(
      sourcesOf(client, connection),
      { prefix: "tessera:", channel },
      { changed: () => undefined, flushed: () => undefined, turned: (isOpen) => isOpen && heard() },
    );
    if (isHeard) {
      invalidation.start();
      undo.push(() => invalidation.close());
      await isReady;
    }
    const turns = new Turns({
      lease: {
        run: async (script, keys, parameters) =>
          isAway ? "unavailable" : Number(await connection.run(script, keys, parameters)),
        leaseMs: 60_000,
        now: () => performance.now(),
        channel: () => channel,
        onLost: () => (counters.turnsLost += 1),
      },
      counters,
      turnKey,
      dataKey,
      onChange: (keys, callback) => invalidation.onChange(keys, callback),
      isHeard: () => invalidation.means !== "age",
      forget: (name) => forgotten.push(name),
      random: Math.random,
    });
    return {
      turns,
      counters,
      forgotten,
      store: async (name, value) => {
        await connection.command("SET", [dataKey(name)], [value]);
        await connection.command("PUBLISH", [], [channel, dataKey(name)]);
      },
      stored: async (name) => (await connection.command("GET", [dataKey(name)]))?.toString(),
    };
  };
  const unheard = async (): Promise<Process> => started("redis 6", "", false);
  const KINDS: readonly (readonly [string, () => Promise<Process>])[] = [
    ["by tracking, redis", async () => started("redis 6")],
    ["by tracking, ioredis", async () => started("ioredis 5")],
    ["by messages", async () => started("redis 6", "untracked:secret@")],
    ["by polling", unheard],
  ];

  /** Wants the value of a name, and makes it once if it is not there. */
  const want = async (
    { turns, stored, store }: Process,
    name: string,
    make: () => Promise<string>,
  ): Promise<string> =>
    turns.run(
      name,
      {
        found: async () => stored(name),
        run: async () => {
          const before = await stored(name);
          if (before !== undefined) return before;
          const made = await make();
          await store(name, made);
          return made;
        },
      },
      undefined,
    );

  test.each(KINDS)("twenty that want the same, %s, do it once and end together", async (_, open) => {
    const processes = await Promise.all(Array.from({ length: 20 }, async () => open()));
    let made = 0;
    let finish = (): void => undefined;
    const isLong = new Promise<void>((resolve) => (finish = resolve));
    const wanted = processes.map(async (it) =>
      want(it, "user", async () => {
        made += 1;
        await isLong;
        return `made ${made}`;
      }),
    );
    while (processes.filter(({ counters }) => counters.turnsWaited > 0).length < 19)
      await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect(await Promise.all(wanted)).toEqual(processes.map(() => "made 1"));
    expect(made).toBe(1);
    // Nobody takes the lease after the first: all have found what they wanted.
    expect(processes.reduce((sum, { counters }) => sum + counters.turnsTaken, 0)).toBe(1);
  });

  test.each(KINDS)("whose work fails, %s, lets the next one try", async (_, open) => {
    const [first, second] = [await open(), await open()];
    let fail: ((error: Error) => void) | undefined;
    const failing = want(first, "user", () => new Promise((_, reject) => (fail = reject)));
    while (!fail) await new Promise((resolve) => setImmediate(resolve));
    const other = want(second, "user", async () => "made");
    while (second.counters.turnsWaited === 0) await new Promise((resolve) => setImmediate(resolve));
    fail(new Error("refused"));
    await expect(failing).rejects.toThrow("refused");
    expect(await other).toBe("made");
  });

  test.each(KINDS)("a holder that dies, %s, blocks nobody longer than the lease", async (_, open) => {
    const waiting = await open();
    // What a process that was killed leaves behind.
    await server.command("SET", turnKey("user"), "token of the dead", "PX", "300");
    expect(await want(waiting, "user", async () => "made")).toBe("made");
    expect([waiting.counters.turnsWaited, waiting.counters.turnsTaken]).toEqual([1, 1]);
  });

  test.each(KINDS)("one that waits, %s, may leave", async (_, open) => {
    const waiting = await open();
    await server.command("SET", turnKey("user"), "token of another", "PX", "60000");
    const leaving = new AbortController();
    const left = waiting.turns.run(
      "user",
      { found: async () => undefined, run: async () => "" },
      leaving.signal,
    );
    while (waiting.counters.turnsWaited === 0) await new Promise((resolve) => setImmediate(resolve));
    leaving.abort(new Error("left"));
    await expect(left).rejects.toThrow("left");
    await expect(
      waiting.turns.run("user", { found: async () => undefined, run: async () => "" }, leaving.signal),
    ).rejects.toThrow("left");
  });

  test("work is done without a turn while the server is away, also by one that waits", async () => {
    const waiting = await started("redis 6");
    await server.command("SET", turnKey("user"), "token of another", "PX", "60000");
    let turn: unknown;
    const done = waiting.turns.run(
      "user",
      { found: async () => undefined, run: async (given) => ((turn = given), given.holds()) },
      undefined,
    );
    while (waiting.counters.turnsWaited === 0) await new Promise((resolve) => setImmediate(resolve));
    isAway = true;
    await server.command("SET", dataKey("user"), "anything");
    expect(await done).toBe(true);
    expect(fenceOf(turn as never, "user")).toBe("");
  });

  test("work that began without a turn loses it when the server is back before anything is sent", async () => {
    const process = await unheard();
    isAway = true;
    const held = await process.turns.run(
      "user",
      {
        found: async () => undefined,
        run: async (turn) => {
          const whileAway = await turn.holds();
          isAway = false;
          const alone = await turn.holds();
          await server.command("SET", turnKey("user"), "token of another", "PX", "60000");
          return [whileAway, alone, await turn.holds()];
        },
      },
      undefined,
    );
    expect(held).toEqual([true, false, false]);
    expect(await server.command("GET", turnKey("user"))).toBe("token of another");
  });

  test("the lease of a turn whose change could not be stored is kept until it is stored", async () => {
    const [process, other] = [await unheard(), await unheard()];
    const changing = async (...changes: readonly (readonly [string, boolean])[]): Promise<void> =>
      process.turns.run(
        "user",
        {
          found: async () => undefined,
          run: async (turn) => {
            for (const [partition, isStored] of changes) process.turns.changed(partition, turn, isStored);
          },
        },
        undefined,
      );
    const isFree = async (): Promise<boolean> => (await server.command("EXISTS", turnKey("user"))) === 0;
    await changing(["user", false], ["user", true]);
    while (!(await isFree()));
    await changing(["other", false]);
    while (!(await isFree()));

    await changing(["user", false]);
    process.turns.changed("other", undefined, true);
    process.turns.changed("user", undefined, false);
    const wanted = want(other, "user", async () => "sent again");
    while (other.counters.turnsWaited === 0) await new Promise((resolve) => setImmediate(resolve));
    await process.store("user", "stored at last");
    process.turns.changed("user", undefined, true);
    expect(await wanted).toBe("stored at last");
    while (!(await isFree()));
    expect(other.counters.turnsTaken).toBe(0);
  });

  test("the turn is the fence of its own partition only, and what was known is dropped before the work", async () => {
    const process = await unheard();
    const fences = await process.turns.run(
      "user",
      {
        found: async () => undefined,
        run: async (turn) => {
          expect(process.forgotten).toEqual(["user"]);
          return [fenceOf(turn, "user"), fenceOf(turn, "other"), fenceOf(undefined, "user")];
        },
      },
      undefined,
    );
    expect(fences).toEqual([expect.stringMatching(/^[-0-9a-f]{36}$/), "", ""]);
  });

  test("close waits until what was held is given back, and later work needs no turn", async () => {
    const process = await unheard();
    await want(process, "user", async () => "made");
    await process.turns.close();
    expect(await server.command("EXISTS", turnKey("user"))).toBe(0);
    await server.command("SET", turnKey("other"), "token of another", "PX", "60000");
    expect(await want(process, "other", async () => "made")).toBe("made");
  });
});
