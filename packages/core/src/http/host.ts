import { elapsed, type Clock } from "../clock.js";
import { HostLog, type HostRequests } from "./host-log.js";
import type { HttpResponse } from "./http-client.js";
import { httpDate } from "./retry-after.js";

/** Requests in a row that have to fail until a host is left alone. */
export const MOST_FAILURES = 10;

/** A host is left alone for up to this long at first, and for up to twice as long each further time, in milliseconds. */
const FIRST_REST_MS = 1000;
const LONGEST_REST_MS = 30_000;

/** This many repetitions are allowed in any case, within the time of one count. */
const FREE_REPEATS = 10;
/** Of all requests, at most a fifth are repetitions. */
const REQUESTS_FOR_A_REPEAT = 4;
const COUNT_MS = 60_000;

/** What is known of one host that requests are sent to, for diagnostics. */
export interface HostRecord extends HostRequests {
  /** Host, with its port unless that is the usual one. */
  readonly host: string;
  /** `closed`: it works. `open`: it is left alone. `half-open`: the next request tries it. */
  readonly circuit: "closed" | "open" | "half-open";
  /** Seconds for which it is still left alone. */
  readonly secondsLeftAlone: number;
  /** Repetitions in this minute, and how many are allowed. */
  readonly retries: { readonly sent: number; readonly allowed: number };
  /** How far its clock is ahead of this machine's, in seconds; absent until it has told the time. */
  readonly clockSkewSeconds?: number;
}

/** Why a request may be sent: as usual, or as a trial of a host that was left alone. */
export type Turn = "usual" | "trial";

/** The outcome of a request: the host answered, it failed, or the end of the request says nothing about it. */
export type Outcome = "answered" | "failed" | "left";

/**
 * One host: whether it works, how many requests to it are repetitions, and what its clock says.
 *
 * A host that fails again and again is left alone for a while (a circuit breaker). Then one request tries it, and the others
 * wait for its outcome.
 */
export class Host {
  readonly name: string;
  /** How the last requests went. */
  readonly log: HostLog;
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
    this.log = new HostLog(clock);
    this.#clock = clock;
  }

  /** `closed`: it works. `open`: it is left alone. `half-open`: the next request tries it. */
  get circuit(): HostRecord["circuit"] {
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
   * request tries the host, returns a promise to wait for before asking again.
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

  /** Counts a request that is not a repetition. */
  count(): void {
    this.#recount();
    this.#counted.requests += 1;
  }

  /** Whether another request may be a repetition, which is then counted. */
  mayRepeat(): boolean {
    this.#recount();
    if (this.#counted.repeats >= this.#repeatsAllowed()) return false;
    this.#counted.repeats += 1;
    return true;
  }

  /**
   * Learns what the host's clock says (RFC 9110 §6.6.1). A cache in between may have kept the response for a while.
   *
   * @param sentAt when the request was sent, by this machine's clock: the host has told the time since then
   * @returns whether the response told the time
   */
  learnTime({ headers }: HttpResponse, sentAt: number): boolean {
    const date = httpDate(headers["date"]);
    const age = Number(headers["age"] ?? 0);
    if (Number.isNaN(date) || !(age >= 0)) return false;
    const told = date + age * 1000;
    const now = this.#clock.now();
    this.#skew = told < sentAt ? told - sentAt : Math.max(0, told - now);
    return true;
  }

  record(): HostRecord {
    this.#recount();
    return {
      host: this.name,
      ...this.log.record(),
      circuit: this.circuit,
      secondsLeftAlone: Math.ceil(this.restMs / 1000),
      retries: { sent: this.#counted.repeats, allowed: this.#repeatsAllowed() },
      ...(this.#skew === undefined ? undefined : { clockSkewSeconds: Math.round(this.#skew / 1000) || 0 }),
    };
  }

  #repeatsAllowed(): number {
    return Math.max(FREE_REPEATS, Math.floor(this.#counted.requests / REQUESTS_FOR_A_REPEAT));
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
