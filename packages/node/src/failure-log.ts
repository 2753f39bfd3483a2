import type { Logger } from "@tessera/core";
import { errorName, isAuthError } from "@tessera/core/internal";

/** Logs why public methods fail. A method that calls another one logs the same error only once. */
export class FailureLog {
  readonly #logger: () => Logger;
  readonly #logged = new WeakSet<object>();

  constructor(logger: () => Logger) {
    this.#logger = logger;
  }

  /**
   * @param method the method that fails
   * @param request names the call when the error does not
   */
  note(
    method: string,
    request: { readonly correlationId?: unknown } | null | undefined,
    error: unknown,
  ): void {
    if (typeof error === "object" && error !== null) {
      if (this.#logged.has(error)) return;
      this.#logged.add(error);
    }
    const given = request?.correlationId;
    const known = isAuthError(error) ? error.correlationId : "";
    const correlationId = known || (typeof given === "string" ? given : "");
    this.#logger().warning(`${method} failed: ${errorName(error)}`, correlationId);
    // A description may name the user. An error of the app's own code may quote a secret, so it is not quoted at all.
    if (isAuthError(error)) this.#logger().warningPii(`${method} failed: ${String(error)}`, correlationId);
  }
}
