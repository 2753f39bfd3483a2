import { expect, jest } from "@jest/globals";

/**
 * Takes the timers of one length in hand: they go off when the test says so, however busy the machine is.
 *
 * @param milliseconds a length that nothing else uses
 */
export function deadlineInHand(milliseconds: number): { pass(): void; restore(): void } {
  const waiting = new Map<unknown, () => void>();
  const { setTimeout: start, clearTimeout: stop } = globalThis;
  const starts = jest
    .spyOn(globalThis, "setTimeout")
    .mockImplementation((callback: () => void, delay?: number, ...rest: unknown[]) => {
      const timer = start(callback, delay, ...(rest as []));
      if (delay === milliseconds) waiting.set(timer, callback);
      return timer;
    });
  const stops = jest.spyOn(globalThis, "clearTimeout").mockImplementation((timer) => {
    waiting.delete(timer);
    stop(timer);
  });
  return {
    pass: () => {
      for (const [timer, callback] of waiting) {
        stop(timer as NodeJS.Timeout);
        callback();
      }
      waiting.clear();
    },
    restore: () => {
      starts.mockRestore();
      stops.mockRestore();
    },
  };
}

/** The error of a call that had so many milliseconds left for something. */
export const outOfTime = (milliseconds: number) => ({
  errorCode: "network_error",
  isRetryable: true,
  message: expect.stringContaining(` ${milliseconds} ms`),
});

/**
 * Expects a call to run out of time as soon as it has begun what never ends.
 *
 * @param rest what is left to it then, in milliseconds
 */
export async function endsOutOfTime(
  rest: number,
  call: () => Promise<unknown>,
  begun: Promise<void>,
): Promise<void> {
  const deadline = deadlineInHand(rest);
  try {
    const ended = expect(call()).rejects.toMatchObject(outOfTime(rest));
    await begun;
    deadline.pass();
    await ended;
  } finally {
    deadline.restore();
  }
}
