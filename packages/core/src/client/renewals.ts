import type { AccountInfo } from "../account.js";
import { BoundedMap } from "../bounded-map.js";
import { elapsed, type Clock } from "../clock.js";
import { errorName } from "../errors/error-name.js";
import { isAuthError } from "../errors/errors.js";
import { keepAlive, markBackground } from "../flight/background.js";
import type { Logger } from "../logger.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** How a renewal in the background has ended. */
export interface BackgroundRenewal {
  /** Correlation id of the call that started it. */
  readonly correlationId: string;
  /** Canonical URL of the authority. */
  readonly authority: string;
  readonly scopes: readonly string[];
  /** The user of the token; absent for the token of an app. */
  readonly account?: AccountInfo;
  /** When the new token expires; absent after a failure. */
  readonly expiresOn?: Date | null;
  /** Why it failed; absent after a success. */
  readonly error?: unknown;
}

/** Called when a renewal in the background has ended. */
export type BackgroundRenewalListener = (renewal: BackgroundRenewal) => unknown;

/** What is renewed. */
export interface Renewable<R extends TokenRequest> {
  readonly request: R;
  /** Canonical URL of the authority. */
  readonly authority: string;
  /** The user of the token in the cache. */
  readonly account: () => AccountInfo | undefined;
}

/**
 * The shortest and the longest time between two renewals of the same token, in milliseconds. It doubles with each failure
 * in a row and is shortened by up to a half at random.
 */
const PAUSE_MS = { shortest: 30_000, longest: 60_000 } as const;

/** Renews tokens in the background, while callers use the current ones. */
export class Renewals {
  readonly #clock: Clock;
  readonly #logger: () => Logger;
  readonly #listener: BackgroundRenewalListener | undefined;
  readonly #known = new BoundedMap<{ readonly next: number; readonly failures: number }>(10_000);
  readonly #running = new Map<string, Promise<void>>();
  /** Tokens served past their renewal time. */
  readonly #stale = new BoundedMap<true>(10_000);

  constructor(clock: Clock, logger: () => Logger, listener?: BackgroundRenewalListener) {
    this.#clock = clock;
    this.#logger = logger;
    this.#listener = listener;
  }

  /** Returns the same, without its state, for another client of the same application. */
  copy(): Renewals {
    return new Renewals(this.#clock, this.#logger, this.#listener);
  }

  /**
   * Starts a renewal, unless one is running or ended recently. It is independent of the caller: a failure is only logged
   * and reported, the caller's deadline does not apply, and it does not keep the process alive.
   *
   * @param key equal for the same token
   */
  start<R extends TokenRequest>(
    key: string,
    what: Renewable<R>,
    renew: (request: R) => Promise<AuthenticationResult>,
  ): void {
    const { request } = what;
    const { correlationId } = request;
    if (this.#running.has(key) || elapsed(this.#clock) < (this.#known.get(key)?.next ?? 0)) return;
    this.#logger().verbose("Renewing the token in the background: it is due.", correlationId);
    const { signal } = new AbortController();
    markBackground(signal);
    const renewing = async (): Promise<AuthenticationResult> =>
      renew({ ...request, signal, timeoutMs: undefined, budget: undefined });
    const running = renewing()
      .then(
        ({ expiresOn }) => {
          this.#pause(key, 0);
          this.noteRecovery(key, correlationId);
          this.#tell(what, { expiresOn });
        },
        (error: unknown) => {
          this.#pause(key, (this.#known.peek(key)?.failures ?? 0) + 1);
          this.#logFailure(error, correlationId);
          this.#tell(what, { error });
        },
      )
      .finally(() => this.#running.delete(key));
    this.#running.set(key, running);
  }

  /** Waits for the renewals that are under way, whatever their outcome. */
  async ended(): Promise<void> {
    const release = keepAlive();
    await Promise.allSettled(this.#running.values());
    release();
  }

  /** Notes that a token is served although it cannot be renewed. That is logged once, until it is renewed. */
  noteStale(key: string, error: unknown, correlationId: string): void {
    if (this.#stale.get(key)) return;
    this.#stale.set(key, true);
    const why = `A token cannot be renewed (${errorName(error)}): the cached one is served meanwhile.`;
    this.#logger().info(why, correlationId);
  }

  /** Notes that a token has been renewed. */
  noteRecovery(key: string, correlationId: string): void {
    if (!this.#stale.get(key)) return;
    this.#stale.delete(key);
    this.#logger().info("A token can be renewed again: it is not served stale any more.", correlationId);
  }

  #pause(key: string, failures: number): void {
    const longest = Math.min(PAUSE_MS.shortest * 2 ** Math.max(0, failures - 1), PAUSE_MS.longest);
    const pause = longest * (0.5 + Math.random() / 2);
    this.#known.set(key, { next: elapsed(this.#clock) + pause, failures });
  }

  #logFailure(error: unknown, correlationId: string): void {
    const logger = this.#logger();
    const outcome = "Renewing the token failed, the cached one stays in use";
    logger.warning(`${outcome}: ${errorName(error)}`, correlationId);
    // A description may name the user.
    if (isAuthError(error)) logger.warningPii(`${outcome}: ${String(error)}`, correlationId);
  }

  /** The app's own failure must not become an unhandled rejection. */
  #tell<R extends TokenRequest>(
    { request, authority, account }: Renewable<R>,
    outcome: Pick<BackgroundRenewal, "expiresOn" | "error">,
  ): void {
    if (!this.#listener) return;
    const { correlationId, scopes } = request;
    const user = account();
    const renewal = { correlationId, authority, scopes, ...(user ? { account: user } : {}), ...outcome };
    const failed = (error: unknown): void =>
      this.#logger().warning(`system.onBackgroundRenewal failed: ${errorName(error)}`, correlationId);
    try {
      Promise.resolve(this.#listener(renewal)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }
}
