import type { SingleFlight, Start } from "../flight/single-flight.js";
import type { Call } from "./attempt.js";
import type { Budget, SharedBudget } from "./budget.js";
import { withinCallTime } from "./within-call-time.js";

/** A caller that has started work which others may join. */
export interface Leader {
  readonly correlationId: string;
  /** The time of the work, if a call that joins may make it longer. */
  readonly time?: SharedBudget | undefined;
}

/** Work that calls share; see {@link inOwnTime}. */
export interface TimedWork<T> {
  /** Equal for equal work. */
  readonly key: string;
  /** Names it in an error. */
  readonly what: string;
  /** Starts it, with the time that it has. */
  readonly start: (time: Budget | undefined, ...start: Parameters<Start<T>>) => Promise<T>;
}

/**
 * Runs work that calls share, each in its own time: a call does not fail because another one, which has started the work, had
 * little time left, and does not wait longer than its own lasts. A call that stays alone gets the failure of its last request.
 *
 * @throws ClientAuthError `network_error` when the time of the call is over, and another one still waits; the reason of its
 * signal; whatever the work throws
 */
export function inOwnTime<T>(
  flights: SingleFlight<Leader>,
  call: Call & { readonly budget: Budget },
  { key, what, start }: TimedWork<T>,
): Promise<T> {
  const { budget, correlationId } = call;
  const leader = flights.leaderOf(key);
  leader?.time?.join(budget);
  const time = leader ? leader.time : budget.shared();
  return withinCallTime(
    call,
    what,
    (waiting) => flights.run(key, waiting, (...begun) => start(time, ...begun), { correlationId, time }),
    time,
  );
}
