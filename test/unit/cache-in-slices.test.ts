// proves: core/src/cache/schema/in-slices.ts
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseInSlices, partsOf, textInSlices } from "../../packages/core/src/cache/schema/in-slices.js";
import "../support/property-seed.js";

// V8 13 and 14 take a name with an escape for an earlier one with a backslash (nodejs/node#63785).
JSON.parse('{"h":[],"\\\\":0}');
const misreads = Object.keys(JSON.parse('{"h":1,"\\"":2}') as object)[1] !== '"';
const name = fc
  .oneof(fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "Account", '"', "\\", "1", "{"))
  .filter((text) => !(misreads && text.includes("\\")));
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    name,
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    tie("list"),
    tie("object"),
  ),
  list: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.dictionary(name, tie("value"), { maxKeys: 6 }),
}));
const space = fc.constantFrom("", " ", "\n", "\t\r\n ");
const text = fc
  .tuple(fc.dictionary(name, fc.oneof(value.object, value.value), { maxKeys: 8 }), space, fc.nat(4))
  .map(([document, around, indent]) => around + JSON.stringify(document, undefined, indent) + around);

/** What both make of a text: the same, or `undefined` if it is not valid. */
const whole = (json: string): unknown => {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === "object" && parsed !== null && !Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};
/** With the order of members, and members of any name. */
const exact = (parsed: unknown): string | undefined => JSON.stringify(parsed);

/** A document of several slices, in which every other entity is awkward. */
const large = (awkward: string): Record<string, Record<string, unknown>> => ({
  Account: Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [
      `${i % 2 ? awkward : "user"} ${i}`,
      { name: awkward, at: [i, {}] },
    ]),
  ),
  Unknown: Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`${i}`, i])),
  RefreshToken: Object.fromEntries(
    Array.from({ length: 5 }, (_, i) => [`${i}`, { secret: `${"x".repeat(100_000)}${awkward}\\` }]),
  ),
});

describe("a document that is parsed in slices", () => {
  it("is the same as one that is parsed at once", async () => {
    await fc.assert(
      fc.asyncProperty(text, async (json) => {
        expect(exact(await parseInSlices(json))).toBe(exact(whole(json)));
      }),
    );
  });

  it("is refused wherever it is damaged, or is what JSON.parse makes of it", async () => {
    const damage = fc.tuple(
      fc.nat(),
      fc.nat(3),
      fc.constantFrom("", ",", "}", "{", '"', "\\", ":", "[", "]", "1"),
    );
    await fc.assert(
      fc.asyncProperty(text, damage, async (json, [where, removed, added]) => {
        const at = where % (json.length + 1);
        const damaged = json.slice(0, at) + added + json.slice(at + removed);
        const parsed = await parseInSlices(damaged);
        expect(exact(parsed)).toBe(exact(whole(damaged)));
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['"', "\\", '\\"', "}", ",", "{[", "ü", "\u2028", "__proto__"])(
    "of several slices is the same with %j in it",
    async (awkward) => {
      const json = JSON.stringify(large(awkward), undefined, 1);
      expect(exact(await parseInSlices(json)) === JSON.stringify(JSON.parse(json))).toBe(true);
      for (const damaged of [
        json.slice(0, -1),
        `${json},`,
        json.replace("},", "},,"),
        json.replace("},", "}"),
      ])
        expect(await parseInSlices(damaged)).toBeUndefined();
    },
  );

  it("lets others have their turn", async () => {
    const json = JSON.stringify(large("user"));
    let turns = 0;
    let isOver = false;
    const others = (async () => {
      for (; !isOver; turns += 1) await new Promise(setImmediate);
    })();
    await parseInSlices(json);
    isOver = true;
    await others;
    expect(turns).toBeGreaterThan(2);
  });
});

describe("a document that is written in slices", () => {
  it("is the same as one that is written at once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.oneof(value.object, value.value)), async (document) => {
        expect(await textInSlices(document)).toBe(JSON.stringify(document));
      }),
    );
    const document = large('"');
    expect((await textInSlices(document)) === JSON.stringify(document)).toBe(true);
  });
});

it("the parts of a document have all of it, and each unknown section is in one", async () => {
  const document = { ...large("user"), text: "a", list: [1] };
  const merged: Record<string, unknown> = {};
  for await (const part of partsOf(document))
    for (const [section, content] of Object.entries(part)) {
      const known = merged[section];
      const isObject = typeof known === "object" && typeof content === "object";
      if (isObject) expect(section).toBe("Account");
      merged[section] = isObject ? { ...known, ...content } : content;
    }
  expect(JSON.stringify(merged) === JSON.stringify(document)).toBe(true);
});
