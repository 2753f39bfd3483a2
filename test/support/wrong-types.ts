import { AuthError } from "@tessera/node";
import { inSample } from "./sample.js";

/** Stands for a number that JSON can say and JavaScript cannot hold; see {@link jsonText}. */
const BEYOND_NUMBERS = "\u0000 beyond all numbers";

/** Values of every type that a claim or field may come with, by what they are. */
export const wrongValues: Readonly<Record<string, unknown>> = {
  "a number": 5,
  "an object that cannot become a string": { toString: 1, valueOf: 1 },
  "a list of such objects": [{ toString: 1, valueOf: 1 }],
  "a list of numbers": [5],
  null: null,
  "a boolean": true,
  "an empty string": "",
  "a huge string": "x".repeat(100_000),
  "a word in place of a number": "NaN",
  "a negative number": -5,
  "a number beyond all numbers": BEYOND_NUMBERS,
};

/**
 * A third of {@link wrongValues}, by the name of a claim or field: of any three names, each value is tried with one. With
 * `TABLES=all`, every name has every value.
 */
export function wrongValuesFor(name: string): readonly unknown[] {
  return Object.values(wrongValues).filter((_, place) => inSample(name, place));
}

/** JSON text in which {@link wrongValues} are what they say. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replaceAll(JSON.stringify(BEYOND_NUMBERS), "1e999");
}

/**
 * What became of a call: its result, or the error the library has for it.
 *
 * @throws every other error, which is a crash
 */
export async function resultOrAuthError<T>(call: () => Promise<T>): Promise<T | AuthError> {
  try {
    return await call();
  } catch (error) {
    // A crash inside an HTTP client would look like a broken connection.
    if (error instanceof AuthError && error.errorCode !== "network_error") return error;
    throw error;
  }
}
