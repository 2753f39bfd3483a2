import type { CommandFailure } from "./failure.js";
import { inTime, TIMED_OUT } from "./in-time.js";
import { SentAgain, type SendingAgain } from "./send-again.js";
import type { Counters } from "./stats.js";

/** The dependencies of {@link Availability}. */
export interface AvailabilityParts extends SendingAgain {
  readonly commandTimeoutMs: number;
  readonly counters: Counters;
  /** A clock that never goes back, in milliseconds. */
  readonly now: () => number;
  /** Called once when the server is lost, and once when it is back. */
  readonly log: (level: "warning" | "info", message: string) => void;
}

/** How a command differs from others. */
export interface CommandOptions<T> {
  /** Called with a reply that arrived after the timeout. */
  readonly onLate?: ((answer: T) => void) | undefined;
  /** Whether it is sent even if the server counts as unavailable, because others would wait for what it ends. */
  readonly isUrgent?: boolean | undefined;
}

/** After so many failures in a row, the server counts as unavailable. */
const FAILURES = 3;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Bounds each command in time, and spares callers the wait for a server that is known to be away: after some failures in
 * a row nothing is sent for a moment, then one call tries again.
 *
 * A server that refuses writes (a replica, or full memory) is still read from, so writes have a circuit of their own.
 */
export class Availability {
  readonly #parts: AvailabilityParts;
  readonly #all: Circuit;
  readonly #writes: Circuit;
  #since = new Date();
  #isAvailable = true;

  constructor(parts: AvailabilityParts) {
    this.#parts = parts;
    this.#all = new Circuit(parts);
    this.#writes = new Circuit(parts);
  }

  get isAvailable(): boolean {
    return this.#isAvailable;
  }

  /** Since when {@link isAvailable} is what it is. */
  get since(): Date {
    return this.#since;
  }

  /**
   * Runs a command, and sends it again while its failure may be over in a moment and its time is not up. Client libraries
   * cannot take back what they have queued, so a command whose time is up may still be executed: its answer is dropped.
   */
  async run<T>(
    kind: "read" | "write",
    send: () => Promise<T>,
    { onLate, isUrgent = false }: CommandOptions<T> = {},
  ): Promise<T | "unavailable"> {
    const circuits = kind === "write" ? [this.#all, this.#writes] : [this.#all];
    if (!isUrgent) {
      // Both are asked before one of them lets its trial through.
      if (circuits.some((circuit) => circuit.isBlocked())) return "unavailable";
      for (const circuit of circuits) circuit.sent();
    }
    // While others go on without the server, a trial tells whether it is there: nobody waits for it to come back.
    const mayPass = this.#all.isOpen || this.#writes.isOpen ? () => false : this.#parts.mayPass;
    const command = new SentAgain(send, { ...this.#parts, mayPass });
    try {
      const answer = await inTime(command.run(), { limitMs: this.#parts.commandTimeoutMs, onLate });
      for (const circuit of circuits) circuit.succeeded();
      this.#noteState();
      return answer;
    } catch (error) {
      command.end();
      const failure = error === TIMED_OUT ? (command.failure ?? TIMEOUT) : this.#parts.failureOf(error);
      this.#parts.counters.countError(failure.kind);
      // Whatever the server refuses, it is there.
      if (failure.unavailable !== "all") this.#all.succeeded();
      if (failure.unavailable === "none" || failure.unavailable === "key") {
        if (kind === "write") this.#writes.released();
        this.#noteState();
        if (failure.unavailable === "key") return "unavailable";
        throw error;
      }
      const circuit = failure.unavailable === "all" ? this.#all : this.#writes;
      if (failure.unavailable === "all" && kind === "write") this.#writes.released();
      circuit.failed();
      this.#noteState(failure.kind);
      return "unavailable";
    }
  }

  #noteState(kind?: string): void {
    const isAvailable = !this.#all.isOpen && !this.#writes.isOpen;
    if (isAvailable === this.#isAvailable) return;
    this.#isAvailable = isAvailable;
    this.#since = new Date();
    if (isAvailable) this.#parts.log("info", "Redis answers again. What could not be stored follows.");
    else
      this.#parts.log(
        "warning",
        `Redis ${this.#all.isOpen ? "does not answer" : "refuses writes"} (${kind}). ` +
          "Tokens are kept in memory until it does, and other processes do not see them.",
      );
  }
}

const TIMEOUT: CommandFailure = { kind: "timeout", unavailable: "all", passes: "no" };

/** Lets everything through until it opens; then one trial after each pause. */
class Circuit {
  readonly #parts: Pick<AvailabilityParts, "now" | "random">;
  #failures = 0;
  #pauseMs = FIRST_PAUSE_MS;
  #until = 0;
  #isTrialOut = false;

  constructor(parts: Pick<AvailabilityParts, "now" | "random">) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#failures >= FAILURES;
  }

  isBlocked(): boolean {
    return this.isOpen && (this.#isTrialOut || this.#parts.now() < this.#until);
  }

  sent(): void {
    if (this.isOpen) this.#isTrialOut = true;
  }

  /** The trial ended without a word on this circuit. */
  released(): void {
    this.#isTrialOut = false;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#isTrialOut = false;
  }

  failed(): void {
    const wasTrial = this.#isTrialOut;
    this.#isTrialOut = false;
    this.#failures += 1;
    if (!this.isOpen) return;
    // Failures of commands that were sent before it opened do not lengthen the pause.
    if (wasTrial) this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    // Processes that lost the server together do not come back together.
    this.#until = this.#parts.now() + this.#pauseMs * (0.75 + this.#parts.random() / 2);
  }
}
