import type { Clock } from "../clock.js";
import { errorName } from "../errors/error-name.js";
import { mayPass } from "./retry-policy.js";

/** A request that failed, without anything that could name a user or quote a secret. */
export interface HostFailure {
  /** When, as an ISO 8601 date. */
  readonly at: string;
  /** The status, such as `HTTP 503`, or the code of the error. */
  readonly error: string;
  readonly correlationId: string;
}

/** How the last requests to a host went. */
export interface HostRequests {
  readonly requests: number;
  readonly failures: number;
  /** Failures since the last success. */
  readonly failuresInARow: number;
  /** The last failures, newest first. */
  readonly lastErrors: readonly HostFailure[];
}

const MOST_ERRORS = 5;

/** Remembers how the last requests to one host went. */
export class HostLog {
  readonly #clock: Clock;
  #requests = 0;
  #failures = 0;
  #failuresInARow = 0;
  #lastErrors: readonly HostFailure[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Notes the outcome of a request.
   *
   * @param outcome the status, or the error of a request without an answer
   * @returns how many requests had failed before the host answers again; otherwise 0
   */
  note(outcome: unknown, correlationId: string): number {
    this.#requests += 1;
    if (typeof outcome === "number" && !mayPass(outcome)) {
      const failed = this.#failuresInARow;
      this.#failuresInARow = 0;
      return failed;
    }
    this.#failures += 1;
    this.#failuresInARow += 1;
    const error = typeof outcome === "number" ? `HTTP ${outcome}` : reasonOf(outcome);
    const at = new Date(this.#clock.now()).toISOString();
    this.#lastErrors = [{ at, error, correlationId }, ...this.#lastErrors.slice(0, MOST_ERRORS - 1)];
    return 0;
  }

  record(): HostRequests {
    return {
      requests: this.#requests,
      failures: this.#failures,
      failuresInARow: this.#failuresInARow,
      lastErrors: this.#lastErrors,
    };
  }
}

/** The code of the innermost error: that of the connection. */
function reasonOf(error: unknown, depth = 0): string {
  const cause = error instanceof Error && depth < 5 ? error.cause : undefined;
  return cause instanceof Error ? reasonOf(cause, depth + 1) : errorName(error);
}
