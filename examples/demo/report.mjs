// @ts-check

/** Widths of the columns: step, what happened, requests, time. */
const WIDTHS = [22, 46, 24, 9];

/** A step that did not do what it should. */
export class StepFailure extends Error {
  /**
   * @param {string} step
   * @param {string} expected
   * @param {string} came
   * @param {unknown} [cause]
   */
  constructor(step, expected, came, cause) {
    super(`"${step}" failed\n  expected: ${expected}\n  came:     ${came}`, { cause });
  }
}

/**
 * What a step brings back.
 *
 * @template T
 * @typedef {object} Outcome
 * @property {string} says what happened, for the reader
 * @property {Facts} facts what is compared with the expectation
 * @property {T} [value] what later steps need
 */
/** @typedef {Readonly<Record<string, string | number | boolean>>} Facts */

/**
 * Prints one line for each step, under a heading for each part.
 *
 * @param {(line: string) => void} print
 */
export function createReport(print) {
  return {
    /** @param {string} title */
    part(title) {
      print(`\n${title}`);
      print(`  ${row("step", "what happened", "requests sent", "time")}`);
      print(`  ${"-".repeat(WIDTHS.reduce((sum, width) => sum + width + 2, -2))}`);
    },

    /**
     * Runs a step, prints its line, and compares what happened with what should have.
     *
     * @template T
     * @param {string} name
     * @param {{ readonly requests: readonly string[] }} provider whoever is asked; its journal tells the requests
     * @param {Facts} expected
     * @param {() => Promise<Outcome<T>>} run
     * @returns {Promise<T>}
     * @throws {StepFailure}
     */
    async step(name, provider, expected, run) {
      const before = provider.requests.length;
      const start = performance.now();
      /** @type {Outcome<T>} */
      let outcome;
      try {
        outcome = await run();
      } catch (error) {
        throw new StepFailure(
          name,
          show(expected),
          error instanceof Error ? `${error.name}: ${error.message}` : String(error),
          error,
        );
      }
      const time = performance.now() - start;
      const requests = provider.requests.slice(before);
      print(
        `  ${row(name, outcome.says, requests.join(", ") || "none", `${time.toFixed(time < 10 ? 2 : 0)} ms`)}`,
      );

      const facts = {
        ...outcome.facts,
        "token requests": requests.filter((purpose) => purpose === "token").length,
      };
      const wrong = Object.entries(expected).some(
        ([fact, value]) => facts[/** @type {"token requests"} */ (fact)] !== value,
      );
      if (wrong) throw new StepFailure(name, show(expected), show(facts));
      return /** @type {T} */ (outcome.value);
    },
  };
}

/** @param {string[]} cells */
function row(...cells) {
  return cells
    .map((cell, i) => (i === 3 ? cell.padStart(WIDTHS[i] ?? 0) : cell.padEnd(WIDTHS[i] ?? 0)))
    .join("  ");
}

/** @param {Facts} facts */
function show(facts) {
  return Object.entries(facts)
    .map(([fact, value]) => `${fact} = ${value}`)
    .join(", ");
}
