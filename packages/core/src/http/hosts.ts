import { BoundedMap } from "../bounded-map.js";
import { elapsed, type Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";

/** Requests in a row that have to fail until a host is left alone. */
export const MOST_FAILURES = 10;

/** A host is left alone for up to this long at first, and for up to twice as long each further time, in milliseconds. */
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 30_000;

/** In the time of one count, as many requests may be repeated in any case. */
const FREE_REPEATS = 10;
/** Of all requests, at most a fifth are repetitions. */
const REQUESTS_FOR_A_REPEAT = 4;
const COUNT_MS = 60_000;

/** Maximum number of hosts that are remembered. */
const MOST_HOSTS = 100;

/** What an application knows about the hosts that it sends requests to. */
export class Hosts {
  readonly #clock: Clock;
  readonly #hosts = new BoundedMap<Host>(MOST_HOSTS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param name with a port that is not the usual one, as in `URL.host` */
  of(name: string): Host {
    const known = this.#hosts.get(name);
    if (known) return known;
    const created = new Host(name, this.#clock);
    this.#hosts.set(name, created);
    return created;
  }

  /** What is known about each host, for diagnostics. */
  all(): readonly Host[] {
    return Array.from(this.#hosts.oldestFirst(), ([, host]) => host);
  }
}

/** How a request was let through: as any other, or to try a host that was left alone. */
export type Turn = "usual" | "trial";

/** What became of a request: an answer, none, or the caller has left. */
export type Outcome = "answered" | "failed" | "left";

/**
 * One host: whether it works, how many requests to it are repetitions, and what its clock says.
 *
 * A host that fails again and again is left alone for a while (a circuit breaker). Then one request tries it, and the others
 * wait for how that one ends.
 */
export class Host {
  readonly name: string;
  readonly #clock: Clock;
  #failures = 0;
  #rests = 0;
  #restsUntil = 0;
  #trial: { readonly ended: Promise<void>; readonly end: () => void } | undefined;
  #counted = { since: 0, requests: 0, repeats: 0 };
  #lastFailure: string | undefined;
  #skew: number | undefined;

  constructor(name: string, clock: Clock) {
    this.name = name;
    this.#clock = clock;
  }

  /** `closed`: it works. `open`: it is left alone. `half-open`: the next request tries it. */
  get circuit(): "closed" | "open" | "half-open" {
    if (this.#rests === 0) return "closed";
    return this.restMs > 0 ? "open" : "half-open";
  }

  /** Milliseconds for which the host is still left alone. */
  get restMs(): number {
    return this.#rests === 0 ? 0 : Math.max(0, this.#restsUntil - elapsed(this.#clock));
  }

  /** Requests in a row that have failed. */
  get failures(): number {
    return this.#failures;
  }

  /** How the last request failed. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  /** How far the host's clock is ahead of this machine's, in milliseconds; `undefined` until it has told the time. */
  get skewMs(): number | undefined {
    return this.#skew;
  }

  /**
   * Asks whether a request may be sent: `"usual"` or `"trial"` if so, `"refused"` while the host is left alone. While another
   * request tries it, a promise; then it is to be asked again.
   */
  enter(): Turn | "refused" | Promise<void> {
    if (this.#rests === 0) return "usual";
    if (this.restMs > 0) return "refused";
    if (this.#trial) return this.#trial.ended;
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#trial = { ended, end };
    return "trial";
  }

  /**
   * Notes the outcome of a request that was sent.
   *
   * @param reason why it failed
   */
  leave(turn: Turn, outcome: Outcome, reason?: string): void {
    if (outcome === "answered") {
      this.#failures = 0;
      this.#rests = 0;
    } else if (outcome === "failed") {
      this.#failures += 1;
      this.#lastFailure = reason;
      if (this.restMs === 0 && (turn === "trial" || this.#failures >= MOST_FAILURES)) this.#rest();
    }
    if (turn === "usual") return;
    this.#trial?.end();
    this.#trial = undefined;
  }

  /** Counts a request that is no repetition. */
  count(): void {
    this.#recount();
    this.#counted.requests += 1;
  }

  /** Whether another request may be a repetition, which is then counted. */
  mayRepeat(): boolean {
    this.#recount();
    const { requests, repeats } = this.#counted;
    if (repeats >= Math.max(FREE_REPEATS, requests / REQUESTS_FOR_A_REPEAT)) return false;
    this.#counted.repeats += 1;
    return true;
  }

  /** Learns what the host's clock says (RFC 9110 §6.6.1). A cache between may have kept the answer for a while. */
  learnTime({ headers }: HttpResponse): void {
    const date = Date.parse(headers["date"] ?? "");
    const age = Number(headers["age"] ?? 0);
    if (Number.isNaN(date) || !(age >= 0)) return;
    this.#skew = date + age * 1000 - this.#clock.now();
  }

  #rest(): void {
    const longest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** this.#rests);
    this.#rests += 1;
    // Jittered: processes that failed together do not come back together.
    this.#restsUntil = elapsed(this.#clock) + longest * (0.5 + Math.random() / 2);
  }

  #recount(): void {
    const now = elapsed(this.#clock);
    if (now - this.#counted.since >= COUNT_MS) this.#counted = { since: now, requests: 0, repeats: 0 };
  }
}
