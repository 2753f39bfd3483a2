import { elapsedSeconds, pause } from "../clock.js";
import { clientAuthError, clientConfigurationError, isAuthError, type AuthError } from "../errors/errors.js";
import { mayPass } from "../http/retry-policy.js";
import type { Call } from "../http/transport.js";
import type { AuthenticationResult } from "../result.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";
import { redeem } from "./redeem.js";

/** A request that the user decides on elsewhere, and the pace at which its outcome is polled. */
export interface Decision {
  readonly grant: Grant;
  /** When the request was sent, in seconds by the monotonic clock. */
  readonly startedAt: number;
  /** Lifetime of the request, in seconds. */
  readonly expiresIn: number;
  /** Seconds between two polls. */
  readonly interval: number;
  /** Maximum seconds to wait for the user. */
  readonly timeout: number | undefined;
  /** Throws when the caller has ended the wait. */
  readonly check: () => void;
  /** Aborts when the provider says that the user has decided, which ends the pause. */
  readonly decided?: AbortSignal | undefined;
  /** The error for a request that has expired. */
  readonly expired: (cause?: AuthError) => Error;
}

/** Default polling interval in seconds (RFC 8628 §3.2, OpenID CIBA §7.3). */
const DEFAULT_INTERVAL = 5;
/** Bounds of the server's polling interval, in seconds. */
const INTERVAL = { shortest: 1, longest: 300 } as const;
/** Maximum lifetime of a request that a user decides on: a day, in seconds. */
const MAX_LIFETIME = 86_400;
/** Seconds that `slow_down` adds to the interval permanently (RFC 8628 §3.5, OpenID CIBA §11). */
const SLOW_DOWN = 5;

/**
 * Polls for the tokens of a user who decides elsewhere: with a device code (RFC 8628 §3.4) or on another device (OpenID
 * CIBA §10.1). Polling survives network errors and busy responses.
 *
 * @throws what ends the wait; ClientAuthError `user_timeout_reached`; ServerError for an error response
 */
export async function pollForTokens(exchange: Exchange, decision: Decision): Promise<AuthenticationResult> {
  const { client, call } = exchange;
  const { startedAt, timeout, decided } = decision;
  const expiresAt = startedAt + decision.expiresIn;
  const patience = timeout === undefined ? Infinity : startedAt + timeout;
  let { interval } = decision;
  // The first poll after the decision is sent at once. If the server is not ready yet, polling goes on at its pace.
  let isTold = false;
  // Seconds for which a poll would be refused without being sent.
  let asked = 0;
  /** Why the last poll learned nothing of the user's decision. */
  let outage: AuthError | undefined;
  for (;;) {
    // Never wait past the end, nor longer than a timer supports: it would fire at once.
    const left = Math.max(1, Math.min(expiresAt, patience) + 1 - elapsedSeconds(client.clock));
    const early = isTold ? undefined : decided;
    if (!early?.aborted) await pauseUnless(early, Math.min(Math.max(interval, asked), left) * 1000, exchange);
    isTold = decided?.aborted ?? false;
    decision.check();
    const now = elapsedSeconds(client.clock);
    if (now > patience)
      throw clientAuthError("user_timeout_reached", `The user did not sign in within ${timeout} seconds.`, {
        correlationId: call.correlationId,
        cause: outage,
      });
    if (now > expiresAt) throw decision.expired(outage);
    try {
      // Each poll has its own time: the call lasts as long as the user takes.
      const budget = client.transport.budget();
      return await redeem({ ...exchange, call: { ...call, budget } }, decision.grant);
    } catch (error) {
      if (call.signal?.aborted) throw error;
      interval += secondsToAdd(error, decision);
      asked = isAuthError(error) ? (error.retryAfterSeconds ?? 0) : 0;
      outage = isAuthError(error) && !ANSWERS.has(error.errorCode) ? error : undefined;
    }
  }
}

/** Checks the `timeout` of a request that a user decides on. */
export function checkedTimeout(timeout: unknown, call: Pick<Call, "correlationId">): number | undefined {
  if (!timeout) return undefined;
  if (typeof timeout === "number" && timeout > 0) return timeout;
  const text = `timeout is ${JSON.stringify(timeout)}: pass a positive number of seconds.`;
  throw clientConfigurationError("invalid_option", text, call);
}

/** Reads the lifetime and the polling interval from a response that starts the wait. */
export function pollingPace(body: Readonly<Record<string, unknown>> | undefined): {
  readonly expiresIn: number;
  readonly interval: number;
} {
  const interval = secondsIn(body?.["interval"]) || DEFAULT_INTERVAL;
  return {
    expiresIn: Math.min(secondsIn(body?.["expires_in"]), MAX_LIFETIME),
    interval: Math.min(Math.max(interval, INTERVAL.shortest), INTERVAL.longest),
  };
}

/** Waits for a number of milliseconds, or until the user is known to have decided. */
async function pauseUnless(
  decided: AbortSignal | undefined,
  milliseconds: number,
  { client, call }: Exchange,
): Promise<void> {
  const signals = [decided, call.signal].filter((signal) => signal !== undefined);
  const signal = decided ? AbortSignal.any(signals) : call.signal;
  try {
    await pause(client.clock, milliseconds, signal);
  } catch (error) {
    if (!decided?.aborted || call.signal?.aborted) throw error;
  }
}

/** Parses a number of seconds, which may be a numeric string; 0 for anything else. */
function secondsIn(value: unknown): number {
  return (typeof value === "number" || typeof value === "string" ? Number(value) : 0) || 0;
}

/** The codes of polls that the provider has answered: the user has not decided. */
const ANSWERS: ReadonlySet<string> = new Set(["authorization_pending", "slow_down"]);

/** Returns the seconds to add to the interval after a failed poll. @throws an error that ends polling */
function secondsToAdd(error: unknown, { expired }: Decision): number {
  if (!isAuthError(error)) throw error;
  if (error.errorCode === "authorization_pending") return 0;
  // RFC 8628 §3.5 requires a longer interval after a connection failure.
  if (error.errorCode === "slow_down" || error.errorCode === "network_error") return SLOW_DOWN;
  if (isAuthError(error, "ServerError") && mayPass(error.status ?? 0)) return SLOW_DOWN;
  if (error.errorCode === "expired_token" || error.errorCode === "code_expired") throw expired(error);
  throw error;
}
