import { describe, test } from "@jest/globals";

/**
 * Describes tests that talk to something real that a machine may lack, such as `python3-msal`.
 * Where it is missing they are skipped on a laptop; with `CI=true` they fail, and say what is missing.
 */
export function describeWith(part: string, isAvailable: boolean, tests: () => void): void {
  if (isAvailable) {
    describe(`with ${part}`, tests);
  } else if (process.env.CI === "true") {
    test(`with ${part}`, () => {
      throw new Error(`${part} is missing: run test/support/install-services.sh as root`);
    });
  } else {
    describe.skip(`without ${part}`, tests);
  }
}
