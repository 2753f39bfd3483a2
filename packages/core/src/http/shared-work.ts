import type { SingleFlight, Start } from "../flight/single-flight.js";
import type { Call } from "./attempt.js";
import { withinCallTime } from "./within-call-time.js";

/** A call that has started work which others may join. */
export type Leader = Pick<Call, "correlationId" | "budget">;

/** Work that calls share, although it may also run twice at once; see {@link inOwnTime}. */
export interface SharedWork<T> {
  /** Equal for equal work. */
  readonly key: string;
  /** Names it in an error. */
  readonly what: string;
  readonly start: Start<T>;
  /** Called when the call joins work that another one has started. */
  readonly onJoin?: (leader: Leader) => void;
}

/**
 * Runs work that calls share, each within its own time. The work ends when the time of the call that started it runs out. So a
 * call with more than twice as much time left does not join: it starts the work again, and later calls join that.
 *
 * @throws ClientAuthError `network_error` when the time of a call that has joined is over; the reason of its signal; whatever
 * the work throws
 */
export function inOwnTime<T>(
  flights: SingleFlight<Leader>,
  call: Call,
  { key, what, start, onJoin }: SharedWork<T>,
): Promise<T> {
  const { signal, budget } = call;
  const leader = flights.leaderOf(key);
  if (leader?.budget && budget && leader.budget.left() < budget.left() / 2) flights.forget(key);
  else if (leader) {
    onJoin?.(leader);
    if (budget) return withinCallTime(call, what, (waiting) => flights.run(key, waiting, start, call));
  }
  return flights.run(key, signal, start, call);
}
