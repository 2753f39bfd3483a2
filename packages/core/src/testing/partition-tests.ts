import {
  documentOf,
  expectEqual,
  expectFailure,
  listed,
  put,
  stored,
  versionOf,
  type Tests,
} from "./open-store.js";

/** Names that a user id, an issuer or a session may lead to. */
const NAMES: readonly string[] = [
  "user:11111111-1111-4111-8111-111111111111.22222222-2222-4222-8222-222222222222",
  "user:auth0|a b",
  "user:a:b",
  "user:{a}b",
  "user:{}",
  "user:a*?[b]\\^$",
  "user:%00%2F../..//",
  "user:'; DROP TABLE tokens; --",
  'user:"',
  "user:\u0000\u0001\n\r\t\u007f",
  "user:A",
  "user:a",
  "user:é",
  "user:e\u0301",
  "user:日本\u{1f600}\u2028\ufeff",
  "user:__proto__",
  "user:constructor",
  `user:${"long".repeat(500)}`,
  "user:",
  " user: ",
];

/** What a store does with partitions. */
export const partitionTests: Tests = {
  "holds nothing at first": async ({ store }) => {
    expectEqual(await documentOf(store, "a"), "absent", "A partition that nobody has stored");
    expectEqual(await store.load("a", "1"), "absent", "A partition that nobody has stored, with a version");
    expectEqual(await listed(store, "group"), {}, "A group of which nothing is stored");
    await store.update("a", (current) => {
      expectEqual(current, undefined, "The current document");
      return "keep";
    });
    expectEqual(await store.update("a", () => "remove"), {}, "The outcome of the removal of nothing");
  },

  "holds what was stored last, for every process": async ({ store, another }) => {
    await stored(store, "a", "1");
    const version = await stored(another, "a", "2");
    for (const one of [store, another]) {
      expectEqual(await one.load("a"), { document: "2", version }, "What was stored");
      expectEqual(await documentOf(one, "b"), "absent", "Another partition");
    }
  },

  "says so when nothing has changed": async ({ store, another }) => {
    const first = await stored(store, "a", "1");
    expectEqual(await store.load("a", first), "unchanged", "What the caller holds already");
    expectEqual(await another.load("a", first), "unchanged", "What the caller holds, in another process,");
    const second = await stored(store, "a", "2");
    expectEqual(await store.load("a", first), { document: "2", version: second }, "What has changed");
    expectEqual(await store.load("a", second), "unchanged", "What the caller holds by now");
  },

  "never gives a version twice": async ({ store }) => {
    const versions = [await stored(store, "a", "1"), await stored(store, "a", "2")];
    versions.push(await stored(store, "a", "1"));
    await store.update("a", () => "remove");
    versions.push(await stored(store, "a", "1"));
    expectEqual(new Set(versions).size, 4, "The number of versions");
  },

  "keeps, and removes": async ({ store }) => {
    const version = await stored(store, "a", "1");
    const kept = await store.update("a", (current) => {
      expectEqual(current, "1", "The current document");
      return "keep";
    });
    expectEqual(kept, { version }, "The outcome of an update that keeps");
    expectEqual(await documentOf(store, "a"), "document 1", "What was kept");
    expectEqual(await store.update("a", () => "remove"), {}, "The outcome of a removal");
    expectEqual(await store.load("a", version), "absent", "What was removed");
    expectEqual(await listed(store, "group"), {}, "The group of what was removed");
  },

  "stores nothing when a change throws": async ({ store }) => {
    await stored(store, "a", "1");
    const thrown = new Error("no");
    const fails = async (): Promise<unknown> =>
      store.update("a", () => {
        throw thrown;
      });
    if ((await expectFailure(fails, "An update whose change throws")) !== thrown)
      throw new Error("The error of a change should reach the caller unchanged.");
    expectEqual(await documentOf(store, "a"), "document 1", "What was stored before");
    await stored(store, "a", "2");
  },

  "changes a partition atomically": async ({ store, another }) => {
    const add = async (one: typeof store): Promise<void> => {
      versionOf(await one.update("a", (current) => put(String(Number(current ?? "0") + 1))()));
    };
    await Promise.all(Array.from({ length: 30 }, (_, index) => add(index % 2 ? store : another)));
    expectEqual(await documentOf(store, "a"), "document 30", "The sum of all additions");
  },

  "forgets what is useless": async ({ store, another, pass }) => {
    await store.update("short", put("1", "group", 1));
    await store.update("long", put("1", "group", 600));
    await store.update("always", put("1"));
    await store.update("prolonged", put("1", "group", 1));
    await store.update("prolonged", put("2", "group", 600));
    await store.update("kept", put("1", "group", 1));
    await store.update("kept", () => "keep");
    expectEqual(await documentOf(store, "short"), "document 1", "A partition before its time is over");
    await pass(1.5);
    const left = { always: "1", long: "1", prolonged: "2" };
    for (const one of [store, another]) {
      for (const name of ["short", "kept"])
        expectEqual(await documentOf(one, name), "absent", "A partition whose time is over");
      expectEqual(await listed(one, "group"), left, "The group of partitions, some of which are over,");
    }
    await store.update("short", (current) => {
      expectEqual(current, undefined, "The current document when its time is over");
      return "keep";
    });
  },

  "lists a group, page by page": async ({ store, another }) => {
    const names = Array.from({ length: 250 }, (_, index) => `user:${index}`).sort();
    await Promise.all(names.map((name) => store.update(name, put(`of ${name}`, "users"))));
    await store.update("app:1", put("1", "app:1"));
    const expected = Object.fromEntries(names.map((name) => [name, `of ${name}`]));
    for (const one of [store, another]) {
      expectEqual(await listed(one, "users"), expected, "A group of 250");
      expectEqual(await listed(one, "app:1"), { "app:1": "1" }, "A group of one");
      expectEqual(await listed(one, "user"), {}, "A group with the beginning of another one's name");
    }
    const page = await store.list("app:1");
    const [listedOne] = page === "unavailable" ? [] : page.partitions;
    expectEqual(await store.load("app:1", listedOne?.version), "unchanged", "What was listed");
  },

  "lists a partition in the group it was stored with last": async ({ store }) => {
    await store.update("a", put("1", "old"));
    await store.update("a", put("2", "new"));
    expectEqual(await listed(store, "old"), {}, "The group before");
    expectEqual(await listed(store, "new"), { a: "2" }, "The group now");
    await store.update("a", () => "keep");
    expectEqual(await listed(store, "new"), { a: "2" }, "The group of what is kept");
  },

  "takes every name": async ({ store, another }) => {
    for (const name of NAMES) await store.update(name, put(`of ${name}`, name));
    for (const name of NAMES) {
      expectEqual(
        await documentOf(another, name),
        `document of ${name}`,
        `The partition ${JSON.stringify(name)}`,
      );
      expectEqual(await listed(another, name), { [name]: `of ${name}` }, `The group ${JSON.stringify(name)}`);
      await store.inTurn(`${name} ${name}`, { found: async () => undefined, run: async () => name });
    }
    for (const name of NAMES) await store.update(name, () => "remove");
    for (const name of NAMES)
      expectEqual(await documentOf(another, name), "absent", `What was removed: ${JSON.stringify(name)}`);
  },

  "takes every document": async ({ store, another }) => {
    const texts = ["{}", "", "\u0000\u0001\u007f\u0080\u00ff", "日本\u{1f600}\u2028\ufeff", "\r\n \\\"'{}%"];
    const large = `"${"0123456789abcdéf".repeat(5 * 2 ** 16)}"`;
    for (const text of [...texts, large]) {
      const version = await stored(store, "a", text);
      expectEqual(await another.load("a"), { document: text, version }, "A document");
      await another.update("a", (current) => {
        expectEqual(current, text, "The current document");
        return "keep";
      });
    }
  },
};
