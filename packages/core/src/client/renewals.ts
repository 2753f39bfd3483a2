import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { errorName } from "../errors/error-name.js";
import type { Logger } from "../logger.js";
import type { TokenRequest } from "../request/token-request.js";

/** A renewal that failed is not tried again with every call, but after this many milliseconds. */
const PAUSE_MS = 30_000;

/** Renews tokens that are still good, while their callers already have them. */
export class Renewals {
  readonly #clock: Clock;
  readonly #logger: () => Logger;
  /** When a token may next be renewed, in milliseconds since the epoch. */
  readonly #next = new BoundedMap<number>(1000);

  constructor(clock: Clock, logger: () => Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Starts a renewal. What becomes of it does not concern the caller: neither a failure, nor the caller's own deadline.
   *
   * @param key equal for the same token
   */
  start<R extends TokenRequest>(key: string, request: R, renew: (request: R) => Promise<unknown>): void {
    const now = this.#clock.now();
    if (now < (this.#next.get(key) ?? 0)) return;
    this.#next.set(key, now + PAUSE_MS);
    this.#logger().info("Renewing the token in the background: it is due.", request.correlationId);
    renew({ ...request, signal: undefined, timeoutMs: undefined }).catch((error: unknown) => {
      const { correlationId } = request;
      const reason = errorName(error);
      const logger = this.#logger();
      logger.warning(`The token in the cache stays in use, renewing it failed: ${reason}`, correlationId);
    });
  }
}
