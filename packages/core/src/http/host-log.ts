import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { errorName } from "../errors/error-name.js";
import type { Logger } from "../logger.js";
import { sharedUrl } from "./secure-url.js";

/** A request that failed, without anything that could name a user or quote a secret. */
export interface HostFailure {
  /** When, as an ISO 8601 date. */
  readonly at: string;
  /** The status, such as `HTTP 503`, or the code of the error. */
  readonly error: string;
  readonly correlationId: string;
}

/** What is known of one host that requests are sent to. */
export interface HostRecord {
  /** Host, with its port unless that is the usual one. */
  readonly host: string;
  readonly requests: number;
  readonly failures: number;
  /** Failures since the last answer that was none. */
  readonly failuresInARow: number;
  /** The last failures, newest first. */
  readonly lastErrors: readonly HostFailure[];
}

type Mutable = { -readonly [K in keyof HostRecord]: HostRecord[K] };

const MOST_HOSTS = 100;
const MOST_ERRORS = 5;

/** Remembers how the last requests to each host went, for diagnostics, and logs that a host answers again. */
export class HostLog {
  readonly #clock: Clock;
  readonly #logger: () => Logger;
  readonly #hosts = new BoundedMap<Mutable>(MOST_HOSTS);

  constructor(clock: Clock, logger: () => Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /**
   * Notes the outcome of a request.
   *
   * @param outcome the status, or the error of a request without an answer
   */
  note(url: string, outcome: unknown, correlationId = ""): void {
    const record = this.#of(url);
    record.requests += 1;
    if (typeof outcome === "number" && !isFailure(outcome)) {
      if (record.failuresInARow > 0) {
        const times =
          record.failuresInARow === 1 ? "a failed request" : `${record.failuresInARow} failed requests`;
        this.#logger().info(`${record.host} answers again, after ${times}.`, correlationId);
      }
      record.failuresInARow = 0;
      return;
    }
    record.failures += 1;
    record.failuresInARow += 1;
    const error = typeof outcome === "number" ? `HTTP ${outcome}` : reasonOf(outcome);
    const at = new Date(this.#clock.now()).toISOString();
    record.lastErrors = [{ at, error, correlationId }, ...record.lastErrors.slice(0, MOST_ERRORS - 1)];
  }

  /** All hosts, the one that was last sent a request last. */
  records(): readonly HostRecord[] {
    return Array.from(this.#hosts.oldestFirst(), ([, record]) => ({ ...record }));
  }

  #of(url: string): Mutable {
    const host = hostIn(url);
    const known = this.#hosts.get(host);
    if (known) return known;
    const record = { host, requests: 0, failures: 0, failuresInARow: 0, lastErrors: [] };
    this.#hosts.set(host, record);
    return record;
  }
}

/** Returns the host of a URL, with its port unless that is the usual one. */
export function hostIn(url: string): string {
  try {
    return sharedUrl(url).host;
  } catch {
    return "";
  }
}

/** Whether a status says that the host, and not the request, is the reason. */
function isFailure(status: number): boolean {
  return status >= 500 || status === 429 || status === 408;
}

/** The code of the innermost error: that of the connection. */
function reasonOf(error: unknown, depth = 0): string {
  const cause = error instanceof Error && depth < 5 ? error.cause : undefined;
  return cause instanceof Error ? reasonOf(cause, depth + 1) : errorName(error);
}
