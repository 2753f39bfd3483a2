import { inspect } from "node:util";
import { expect } from "@jest/globals";
import type { ClientApplication } from "@tessera/node";

/** The promise of every failed call: no user and no token in the cache. */
export async function expectNothingKept(app: ClientApplication): Promise<void> {
  expect(await app.getAllAccounts()).toEqual([]);
  const sections = Object.values<object>(JSON.parse(app.getTokenCache().serialize()));
  expect(sections.flatMap((section) => Object.values(section))).toEqual([]);
}

/** An error may say what was wrong, but holds no secret or token, also not in what is underneath. */
export function expectNoSecretIn(error: unknown, secrets: readonly string[]): void {
  const text = inspect(error, { depth: Infinity, showHidden: true, maxStringLength: null });
  expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
}
