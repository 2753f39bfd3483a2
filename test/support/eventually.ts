import { expect } from "@jest/globals";

/** Waits until something that goes on in the background has happened. */
export async function eventually(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000_000; turn += 1) {
    // What is asked once more may have changed back.
    if (condition()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(condition()).toBe(true);
}
