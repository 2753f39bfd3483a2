import type { Logger } from "@tessera/core";
import { errorName, isAuthError, printable } from "@tessera/core/internal";

/** The part of a request that names its call. */
interface Named {
  readonly correlationId?: unknown;
}

/**
 * Logs why public methods fail, and gives their errors the caller's correlation id. A method that calls another one logs
 * the same error only once.
 */
export class FailureLog {
  readonly #logger: () => Logger;
  readonly #logged = new WeakSet<object>();

  constructor(logger: () => Logger) {
    this.#logger = logger;
  }

  /**
   * Waits for what a method returns. Not in the method itself: an `await` there takes a seventh of a cache hit, even where
   * nothing is waited for.
   */
  async watched<T>(method: string, request: Named | null | undefined, result: Promise<T>): Promise<T> {
    try {
      return await result;
    } catch (error) {
      throw this.noted(method, request, error);
    }
  }

  /**
   * Logs why a method fails, and returns the error with the caller's correlation id, if it has none.
   *
   * @param request names the call when the error does not
   */
  noted(method: string, request: Named | null | undefined, error: unknown): unknown {
    if (typeof error === "object" && error !== null) {
      if (this.#logged.has(error)) return error;
      this.#logged.add(error);
    }
    const given = request?.correlationId;
    const known = isAuthError(error) ? error.correlationId : "";
    const correlationId = known || (typeof given === "string" ? printable(given) : "");
    // A check that does not know the call leaves the id out, such as that of an authority's URL.
    if (isAuthError(error) && !known) Reflect.set(error, "correlationId", correlationId);
    this.#logger().warning(`${method} failed: ${errorName(error)}`, correlationId);
    // A description may name the user. An error of the app's own code may quote a secret, so it is not quoted at all.
    if (isAuthError(error)) this.#logger().warningPii(`${method} failed: ${String(error)}`, correlationId);
    return error;
  }
}
