import type { Clock, HttpResponse } from "@tessera/core";
import { pause, retryAfterSeconds } from "@tessera/core/internal";

/**
 * Returns the milliseconds to wait before the request is repeated; `undefined` if it is not.
 *
 * @param statuses the HTTP statuses so far; the last one is that of the current response
 */
export type RetryPolicy = (statuses: readonly number[]) => number | undefined;

/** Milliseconds for all attempts of one call together, including the pauses. */
export const BUDGET_MS = 120_000;

const MAX_RETRIES = 3;
const GONE = 410;

const USUAL_STATUSES: ReadonlySet<number> = new Set([404, 408, 429, 500, 503, 504]);

/** The policy of all sources but IMDS: three retries, a second apart. */
export const usualRetries: RetryPolicy = (statuses) =>
  USUAL_STATUSES.has(statuses.at(-1) ?? 0) && statuses.length <= MAX_RETRIES ? 1000 : undefined;

/** IMDS responds 410 during an update, which takes up to 70 seconds. */
const GONE_PAUSE_MS = 10_000;
const MAX_GONE_RETRIES = 7;
const IMDS_PAUSES_MS = [1000, 2000, 4000];

/** The policy of IMDS: three retries after 1, 2 and 4 seconds, or a retry every ten seconds during an update. */
export const imdsRetries: RetryPolicy = (statuses) => {
  const status = statuses.at(-1) ?? 0;
  const gone = statuses.filter((each) => each === GONE).length;
  if (status === GONE) return gone <= MAX_GONE_RETRIES ? GONE_PAUSE_MS : undefined;
  if (status !== 404 && status !== 408 && status !== 429 && status < 500) return undefined;
  const most = gone > 0 ? MAX_GONE_RETRIES : MAX_RETRIES;
  return statuses.length <= most ? (IMDS_PAUSES_MS[statuses.length - 1] ?? 4000) : undefined;
};

/** The context of {@link sendWithRetries}. */
export interface RetryContext {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds since the epoch until which requests may be repeated. */
  readonly deadline: number;
  /** Logs a detail. */
  readonly log: (message: string) => void;
}

/**
 * Sends a request, and repeats it as the policy says. Waits longer if `Retry-After` asks for it (RFC 9110 §10.2.3), but
 * never beyond the deadline: the last response is then returned.
 *
 * @param send is passed the milliseconds that are left
 */
export async function sendWithRetries(
  send: (timeoutMs: number) => Promise<HttpResponse>,
  { policy, clock, signal, deadline, log }: RetryContext,
): Promise<HttpResponse> {
  const statuses: number[] = [];
  for (;;) {
    const response = await send(Math.max(1, deadline - clock.now()));
    statuses.push(response.status);
    const least = policy(statuses);
    if (least === undefined) return response;
    const asked = retryAfterSeconds(response.headers, clock) ?? 0;
    const wait = Math.max(least, asked * 1000);
    if (clock.now() + wait >= deadline) return response;
    log(`HTTP ${response.status}: the request is repeated in ${wait} ms.`);
    await pause(clock, wait, signal);
  }
}
