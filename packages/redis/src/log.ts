import type { RedisStoreLogger } from "./options.js";

/** Writes a line. A logger that throws does not fail the call. */
export type Log = (level: keyof RedisStoreLogger, message: string) => void;

export function logOf(logger: RedisStoreLogger | undefined): Log {
  return (level, message) => {
    try {
      logger?.[level](message);
    } catch {
      // The statistics still have the event.
    }
  };
}
