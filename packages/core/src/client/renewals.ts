import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { errorName } from "../errors/error-name.js";
import { isAuthError } from "../errors/errors.js";
import type { Logger } from "../logger.js";
import type { TokenRequest } from "../request/token-request.js";

/**
 * Minimum time between renewals of the same token, in milliseconds, so that a failing renewal is not retried with
 * every call.
 */
const PAUSE_MS = 30_000;

/** Renews tokens in the background, while callers use the current ones. */
export class Renewals {
  readonly #clock: Clock;
  readonly #logger: () => Logger;
  /** Earliest time of a token's next renewal, in milliseconds since the epoch. */
  readonly #next = new BoundedMap<number>(1000);

  constructor(clock: Clock, logger: () => Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Starts a renewal, unless one started recently. It is independent of the caller: a failure is only logged, and the
   * caller's deadline does not apply.
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
      const logger = this.#logger();
      const outcome = "Renewing the token failed, the cached one stays in use";
      logger.warning(`${outcome}: ${errorName(error)}`, correlationId);
      // A description may name the user.
      if (isAuthError(error)) logger.warningPii(`${outcome}: ${String(error)}`, correlationId);
    });
  }
}
