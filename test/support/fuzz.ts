import fc from "fast-check";
import { AuthError } from "@tessera/node";
import "./property-seed.js";

/** Samples for each parser. By hand, more of them: FUZZ_RUNS=10000 FC_SEED=1 pnpm jest fuzz. */
export const numRuns = Number(process.env["FUZZ_RUNS"] ?? 40);

/** Names that mean something to every object. */
const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "then", ""];

const odd: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1e308,
    "",
    " ",
    "\0",
    "\ud800",
    "a".repeat(10_000),
    [],
    {},
    [[]],
    [null],
  ),
  fc.constantFrom(...NAMES).map((name) => JSON.parse(`{"${name}":"x"}`) as unknown),
);

/** JSON that is nested as deep as a response may be. */
export function deep(depth: number): string {
  return `${'{"a":['.repeat(depth / 2)}1${"]}".repeat(depth / 2)}`;
}

/** A good document with members that are missing, of any type, nested deep, or added; or any other text. */
export function spoiled(good: Readonly<Record<string, unknown>>): fc.Arbitrary<string> {
  const names = Object.keys(good);
  const text = JSON.stringify(good);
  const changed = fc
    .array(fc.tuple(fc.oneof(fc.constantFrom(...names), fc.constantFrom(...NAMES)), odd), {
      minLength: 1,
      maxLength: 3,
    })
    .map((changes) => JSON.stringify({ ...good, ...Object.fromEntries(changes) }));
  const nested = fc
    .tuple(fc.constantFrom(...names, "error", "more"), fc.constantFrom(5000, 100_000))
    .map(([name, depth]) => `${text.slice(0, -1)},${JSON.stringify(name)}:${deep(depth)}}`);
  const cut = fc.nat({ max: text.length }).map((length) => text.slice(0, length));
  // Whoever makes text or a number of such a member runs into an error of the language.
  const textless = fc
    .constantFrom(...names)
    .map((name) => JSON.stringify({ ...good, [name]: { toString: "x" } }));
  const without = fc.constantFrom(...names).map((name) => JSON.stringify({ ...good, [name]: undefined }));
  return fc.oneof(
    { weight: 4, arbitrary: changed },
    { weight: 2, arbitrary: textless },
    nested,
    cut,
    without,
    fc.string({ unit: "binary" }),
    fc.constantFrom("", "null", "[]", "1", '"x"', "\ufeff{}", deep(5000), deep(100_000)),
  );
}

/** Any text, among them some that begins like a good one. */
export function textLike(...good: readonly string[]): fc.Arbitrary<string> {
  const pieces = good.flatMap((text) => text.split(/(?<=[\W_])|(?=[\W_])/));
  const shuffled = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 8 })), {
    maxLength: 40,
  });
  const repeated = fc
    .tuple(fc.constantFrom(...pieces), fc.constantFrom(1000, 20_000))
    .map(([piece, times]) => piece.repeat(times));
  return fc.oneof(
    shuffled.map((parts) => parts.join("")),
    repeated,
    fc.string({ unit: "binary" }),
  );
}

/** Runs a parser. @throws when it fails with anything but an error of the library */
export async function typed(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AuthError && error.errorCode !== "") return error;
    throw new Error(`an untyped error: ${String(error).slice(0, 300)}`, { cause: error });
  }
}

/** Holds a promise for every sample: a result, or an error of the library. */
export async function neverUntyped<T>(samples: fc.Arbitrary<T>, run: (sample: T) => unknown): Promise<void> {
  await fc.assert(
    fc.asyncProperty(samples, async (sample) => {
      await typed(() => run(sample));
    }),
    { numRuns },
  );
}
