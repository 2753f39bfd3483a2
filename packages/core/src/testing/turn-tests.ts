import type { TokenStore, Turn, WorkInTurn } from "../cache/storage/token-store.js";
import {
  documentOf,
  expectEqual,
  expectFailure,
  put,
  stored,
  type Opened,
  type Tests,
} from "./open-store.js";

/** Work of which nobody finds the outcome. */
function work<T>(run: (turn: Turn) => Promise<T>): WorkInTurn<T> {
  return { found: async () => undefined, run };
}

/** Something that others wait for. */
function event(): { readonly happened: Promise<void>; readonly happen: () => void } {
  let happen = (): void => undefined;
  const happened = new Promise<void>((resolve) => {
    happen = resolve;
  });
  return { happened, happen: () => happen() };
}

interface Taken {
  readonly turn: Turn;
  readonly end: () => Promise<void>;
}

/** Takes a turn, and returns it with the function that ends it. */
async function taken(store: TokenStore, name: string): Promise<Taken> {
  const [begun, over] = [event(), event()];
  let turn: Turn | undefined;
  const running = store.inTurn(
    name,
    work(async (given) => {
      turn = given;
      begun.happen();
      await over.happened;
    }),
  );
  await Promise.race([begun.happened, running]);
  if (!turn) throw new Error("Work in turn should run.");
  const end = async (): Promise<void> => {
    over.happen();
    await running;
  };
  return { turn, end };
}

/** What a store does with turns. */
export const turnTests: Tests = {
  "runs work of a name one at a time, in all processes": async ({ store, another }) => {
    let [running, most, sum] = [0, 0, 0];
    const one = async (turn: Turn): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      expectEqual(await turn.holds(), true, "Whether a turn holds while its work runs");
      await new Promise((resolve) => setTimeout(resolve, 1));
      running -= 1;
      return (sum += 1);
    };
    const all = Array.from({ length: 10 }, (_, index) =>
      (index % 2 ? store : another).inTurn("a", work(one)),
    );
    const results = await Promise.all(all);
    expectEqual([most, results.sort((a, b) => a - b).at(-1)], [1, 10], "How much ran at once, and in all,");
  },

  "runs work of other names at the same time": async ({ store, another }) => {
    const turns = [await taken(store, "a"), await taken(another, "a b"), await taken(store, "b")];
    for (const { turn } of turns) expectEqual(await turn.holds(), true, "Whether a turn holds");
    for (const { end } of turns) await end();
  },

  "ends the wait of all as soon as the outcome is there": async ({ store, another }) => {
    let ran = 0;
    const one = (from: TokenStore): WorkInTurn<string> => ({
      async found() {
        const document = await documentOf(from, "a");
        return document === "absent" ? undefined : document;
      },
      async run(turn) {
        ran += 1;
        await new Promise((resolve) => setTimeout(resolve, 50));
        await from.update("a", put("the outcome"), turn);
        return "ran";
      },
    });
    const all = Array.from({ length: 20 }, (_, index) => {
      const from = index % 2 ? store : another;
      return from.inTurn("a", one(from));
    });
    const results = await Promise.all(all);
    expectEqual(ran, 1, "How often the work ran");
    const found = results.filter((result) => result === "document the outcome");
    expectEqual(found.length, 19, "How many have found the outcome");
  },

  "passes on what work throws, and gives the turn to the next": async ({ store, another }) => {
    const thrown = new Error("no");
    const fails = async (): Promise<unknown> =>
      store.inTurn(
        "a",
        work(() => Promise.reject(thrown)),
      );
    if ((await expectFailure(fails, "Work that throws")) !== thrown)
      throw new Error("What the work throws should reach the caller unchanged.");
    expectEqual(
      await another.inTurn(
        "a",
        work(async () => 1),
      ),
      1,
      "What the next work returns",
    );
    const held = await taken(store, "a");
    const waits = another.inTurn("a", { found: () => Promise.reject(thrown), run: async () => undefined });
    const failed = expectFailure(() => waits, "A wait whose outcome throws");
    await held.end();
    if ((await failed) !== thrown) throw new Error("What `found` throws should reach the caller unchanged.");
    await (await taken(store, "a")).end();
  },

  "returns every outcome": async ({ store }) => {
    for (const outcome of [undefined, null, 0, "", false, { a: 1 }])
      expectEqual(
        await store.inTurn(
          "a",
          work(async () => outcome),
        ),
        outcome,
        "What the work returns",
      );
  },

  "lets a caller leave while it waits": async ({ store, another }) => {
    const reason = new Error("left");
    const held = await taken(store, "a");
    const controller = new AbortController();
    const waits = another.inTurn(
      "a",
      work(async () => "ran"),
      controller.signal,
    );
    const left = expectFailure(() => waits, "A wait that the caller has left");
    controller.abort(reason);
    if ((await left) !== reason) throw new Error("A caller that leaves should get the signal's reason.");
    const late = async (): Promise<unknown> =>
      store.inTurn(
        "b",
        work(async () => 1),
        controller.signal,
      );
    if ((await expectFailure(late, "Work whose caller has left")) !== reason)
      throw new Error("A caller that has left should get the signal's reason.");
    expectEqual(await held.turn.holds(), true, "Whether the other caller's turn holds");
    await held.end();
    expectEqual(
      await another.inTurn(
        "a",
        work(async () => 2),
      ),
      2,
      "What the next work returns",
    );
  },

  "stores nothing for a turn that is over": async ({ store, another }) => {
    const first = await taken(store, "a");
    expectEqual(typeof (await store.update("a", put("1"), first.turn)), "object", "The outcome in a turn");
    await first.end();
    const second = await taken(another, "a");
    expectEqual(await first.turn.holds(), false, "Whether a turn holds when another caller has one");
    expectEqual(await second.turn.holds(), true, "Whether a turn holds");
    expectEqual(await store.update("a", put("old"), first.turn), "fenced", "The outcome after the turn");
    expectEqual(await documentOf(another, "a"), "document 1", "What is stored");
    await another.update("a", put("2"), second.turn);
    await second.end();
    expectEqual(await store.update("a", put("old"), first.turn), "fenced", "The outcome after two turns");
    expectEqual(await documentOf(store, "a"), "document 2", "What is stored in the end");
  },

  "stores what comes without a turn, whoever has one": async ({ store, another }) => {
    const held = await taken(store, "a");
    await stored(another, "a", "1");
    await store.update("a", (current) => put(`${current} and 2`)(), held.turn);
    await held.end();
    expectEqual(await documentOf(store, "a"), "document 1 and 2", "What is stored");
  },
};

/** What a store does while it cannot be reached. */
export const unavailableTests: Tests = {
  "answers that it is unavailable, and is there again later": async ({ store, cut }: Opened) => {
    await stored(store, "a", "1");
    const restore = await cut?.();
    expectEqual(await store.load("a"), "unavailable", "What is loaded");
    expectEqual(await store.update("a", put("2")), "unavailable", "The outcome of an update");
    expectEqual(await store.list("group"), "unavailable", "A list");
    await restore?.();
    await available(store);
    await stored(store, "a", "3");
    expectEqual(await documentOf(store, "a"), "document 3", "What is stored when it is there again");
  },

  "runs work while it is unavailable": async ({ store, cut }: Opened) => {
    const restore = await cut?.();
    const held = store.inTurn(
      "a",
      work((turn) => turn.holds()),
    );
    expectEqual(await held, true, "Whether a turn holds that nobody can take");
    const thrown = new Error("no");
    const fails = async (): Promise<unknown> =>
      store.inTurn(
        "a",
        work(() => Promise.reject(thrown)),
      );
    if ((await expectFailure(fails, "Work that throws")) !== thrown)
      throw new Error("What the work throws should reach the caller unchanged.");
    await restore?.();
    await available(store);
    expectEqual(
      await store.inTurn(
        "a",
        work(async () => 1),
      ),
      1,
      "What work returns when it is there again",
    );
  },

  "goes on with work that is under way when it becomes unavailable": async ({ store, cut }: Opened) => {
    const held = await taken(store, "a");
    const restore = await cut?.();
    expectEqual(await store.update("a", put("1"), held.turn), "unavailable", "The outcome of an update");
    await held.end();
    await restore?.();
    await available(store);
    await stored(store, "a", "2");
  },
};

/** Waits until a store has noticed that it can be reached. */
async function available(store: TokenStore): Promise<void> {
  while ((await store.load("a")) === "unavailable") await new Promise((resolve) => setTimeout(resolve, 10));
}
