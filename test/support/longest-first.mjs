import { statSync } from "node:fs";

/** Tests with child processes, packers, browsers or thousands of rows. */
const SLOW = /\/test\/(packages|persistence|browser|examples|security|types)\//;

/** Orders test files so that both workers end at about the same time: no slow file runs alone in the end. */
export default class LongestFirst {
  sort(tests) {
    const weight = ({ path }) => (SLOW.test(path) ? 1_000_000 : 0) + statSync(path).size;
    return [...tests].sort((one, other) => weight(other) - weight(one));
  }

  allFailedTests(tests) {
    return tests;
  }

  cacheResults() {
    // Jest calls it after every run.
  }
}
