import { jest } from "@jest/globals";

/**
 * Takes the timers of one length in hand: they go off when the test says so, however busy the machine is.
 *
 * @param milliseconds a length that nothing else uses
 */
export function deadlineInHand(milliseconds: number): { pass(): void; restore(): void } {
  const waiting = new Set<() => void>();
  const real = globalThis.setTimeout;
  const spy = jest
    .spyOn(globalThis, "setTimeout")
    .mockImplementation((callback: () => void, delay?: number, ...rest: unknown[]) => {
      if (delay === milliseconds) waiting.add(callback);
      return real(callback, delay, ...(rest as []));
    });
  return {
    pass: () => {
      for (const callback of waiting) callback();
      waiting.clear();
    },
    restore: () => spy.mockRestore(),
  };
}
