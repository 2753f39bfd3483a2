import type { Authority } from "../authority/authority.js";
import { endpointOf } from "../authority/endpoint.js";
import { BoundedMap } from "../bounded-map.js";
import { elapsed, type Clock } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError, isAuthError } from "../errors/errors.js";
import { SingleFlight } from "../flight/single-flight.js";
import { inOwnTime, type Leader, type SharedWork } from "../http/shared-work.js";
import { statusOf, withPause } from "../http/throttle.js";
import { unlessLate } from "../http/unless-late.js";
import { parsedUrl } from "../http/secure-url.js";
import type { Call, Transport } from "../http/transport.js";
import { observed, serverOf, type Observer } from "../observer.js";
import { asKeyFailure, isKeyFailure } from "./key-failure.js";
import { KeyPauses } from "./key-pauses.js";
import {
  finderAmong,
  finderIn,
  isKey,
  isWithoutKey,
  lacking,
  mayBeOutdated,
  type KeySet,
  type Verification,
} from "./key-set.js";

/** Lifetime of fetched keys, in milliseconds. */
const LIFETIME_MS = 600_000;
/** How long keys are used, in milliseconds, while newer ones cannot be fetched: a day. */
const STALE_LIFETIME_MS = 86_400_000;

/** How keys are fetched. */
interface Fetching {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly observer: () => Observer | undefined;
}

/** Asks the provider again where its keys are; returns the known answer if that was a moment ago. */
export type Rediscover = (authority: Authority, call: Call) => Promise<Authority>;

/** Fetches and caches the signing keys of identity providers (JSON Web Key Sets, RFC 7517). */
export class KeySource {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #observer: () => Observer | undefined;
  readonly #rediscover: Rediscover;
  readonly #keys = new BoundedMap<KeySet>(100);
  readonly #pauses: KeyPauses;
  readonly #flights = new SingleFlight<Leader>();

  constructor({ transport, clock, observer }: Fetching, rediscover: Rediscover) {
    this.#transport = transport;
    this.#clock = clock;
    this.#observer = observer;
    this.#rediscover = rediscover;
    this.#pauses = new KeyPauses(clock);
  }

  /**
   * Ensures that keys are in memory, so that tokens can be verified which the provider issues only once.
   *
   * @throws ClientAuthError `invalid_id_token`, `network_error`; see {@link isKeyFailure}
   */
  async require(authority: Authority, call: Call): Promise<void> {
    await this.#wherePublished(authority, call, (jwksUri) => this.#usable(jwksUri, call));
  }

  /** Whether fresh keys are in memory. */
  has(authority: Authority, call: Call): boolean {
    const known = this.#keys.get(jwksUriOf(authority, call));
    return known !== undefined && this.#isFresh(known);
  }

  /** Whether a set is the latest one of its provider, and fresh: what it has verified is still signed by a published key. */
  isCurrent(keys: KeySet): boolean {
    return this.#keys.get(keys.jwksUri) === keys && this.#isFresh(keys);
  }

  /**
   * Runs a verification with the provider's keys. If none matches, the key set is fetched again, and after that the
   * discovery document, because the key set may have moved.
   *
   * @throws ClientAuthError see {@link isKeyFailure}; whatever the verification throws
   */
  async verifyWith<T>(authority: Authority, call: Call, verification: Verification<T>): Promise<T> {
    return this.#wherePublished(authority, call, async (jwksUri) => {
      const keys = await this.#usable(jwksUri, call);
      const attempt = async (published: KeySet): Promise<T> =>
        verification.verify(await finderAmong(published, verification.accepts), published);
      const missing = (cause: unknown): Error => this.#noKey(jwksUri, call, verification, cause);
      let newer: KeySet | undefined;
      try {
        return await attempt(keys);
      } catch (error) {
        if (!mayBeOutdated(error, verification.header)) throw error;
        newer = await this.#newerThan(keys, jwksUri, call);
        if (!newer) throw missing(error);
      }
      try {
        return await attempt(newer);
      } catch (error) {
        throw isWithoutKey(error) ? missing(error) : error;
      }
    });
  }

  /** Runs work with the URL of the key set and, if it lacks keys there, with the URL that it has moved to. */
  async #wherePublished<T>(
    authority: Authority,
    call: Call,
    work: (jwksUri: string) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(jwksUriOf(authority, call));
    } catch (error) {
      if (call.signal?.aborted || call.budget?.left() === 0 || !isKeyFailure(error)) throw error;
      const latest = await this.#rediscover(authority, call).catch(() => authority);
      if (latest.metadata.jwks_uri === authority.metadata.jwks_uri) throw error;
      return work(jwksUriOf(latest, call));
    }
  }

  /** Returns keys that may be used: fresh ones or, if those cannot be fetched, the last ones. */
  async #usable(jwksUri: string, call: Call): Promise<KeySet> {
    const known = this.#keys.get(jwksUri);
    if (known && this.#isFresh(known)) return known;
    if (known && this.#age(known) < STALE_LIFETIME_MS) return this.#newerOrLast(known, call);
    return this.#fetchInTurn(jwksUri, call);
  }

  async #newerOrLast(last: KeySet, call: Call): Promise<KeySet> {
    const { jwksUri } = last;
    if (this.#pauses.untilRetry(jwksUri) > 0) return last;
    try {
      const fetch = (inBackground: Call): Promise<KeySet> => this.#fetch(jwksUri, inBackground);
      return (await unlessLate(call, fetch, () => this.#pauses.noteLate(jwksUri))) ?? last;
    } catch (error) {
      if (call.signal?.aborted) throw error;
      return last;
    }
  }

  /** Returns a key set that was fetched after another one; `undefined` if the last attempt was a moment ago. */
  async #newerThan(keys: KeySet, jwksUri: string, call: Call): Promise<KeySet | undefined> {
    const latest = this.#keys.get(jwksUri);
    if (latest && latest !== keys) return latest;
    const isUnderWay = this.#flights.leaderOf(jwksUri) !== undefined;
    if (!isUnderWay && this.#pauses.untilRefetch(jwksUri) > 0) return undefined;
    return this.#fetchInTurn(jwksUri, call, true);
  }

  #age(keys: KeySet): number {
    return elapsed(this.#clock) - keys.requestedAt;
  }

  /** Keys from a distant future mean that a clock of the application was set back. */
  #isFresh(keys: KeySet): boolean {
    return Math.abs(this.#age(keys)) < LIFETIME_MS;
  }

  /** @throws the error of a fetch that has just failed, unless another one is under way */
  async #fetchInTurn(jwksUri: string, call: Call, isRefetch = false): Promise<KeySet> {
    const isUnderWay = this.#flights.leaderOf(jwksUri) !== undefined;
    const refusal = isUnderWay ? undefined : this.#pauses.refusal(jwksUri, call.correlationId);
    if (refusal) throw asKeyFailure(refusal);
    return this.#fetch(jwksUri, call, isRefetch);
  }

  /** @param isRefetch whether it is for a key that is not among those in memory */
  #fetch(jwksUri: string, call: Call, isRefetch = false): Promise<KeySet> {
    const own = { ...call, budget: call.budget ?? this.#transport.budget() };
    const start: SharedWork<KeySet>["start"] = async (signal) => {
      if (isRefetch) this.#pauses.noteRefetch(jwksUri);
      try {
        const keys = await this.#load(jwksUri, { ...own, signal });
        this.#pauses.noteSuccess(jwksUri);
        return keys;
      } catch (error) {
        // While another call is asking the server again, this call's lack of time says nothing about the server.
        const leader = this.#flights.leaderOf(jwksUri);
        // A pause that the server asks for counts in any case.
        const isTold = isAuthError(error) && error.retryAfterSeconds !== undefined;
        if (isTold || leader === own || (!leader && signal?.aborted))
          this.#pauses.noteFailure(jwksUri, error, {
            isRefetch,
            hasLeft: !isTold && (signal?.aborted ?? false),
          });
        throw error;
      }
    };
    const fetching = inOwnTime(this.#flights, own, { key: jwksUri, what: "keys of the provider", start });
    return fetching.catch((error: unknown) => {
      throw call.signal?.aborted ? error : asKeyFailure(error);
    });
  }

  #load(jwksUri: string, call: Call): Promise<KeySet> {
    const facts = serverOf(parsedUrl(jwksUri)?.host ?? "");
    return observed(this.#observer(), "key_fetch", facts, () => this.#received(jwksUri, call));
  }

  async #received(jwksUri: string, call: Call): Promise<KeySet> {
    const requestedAt = elapsed(this.#clock);
    const response = await this.#transport.get(jwksUri, call);
    const { keys: entries } = (response.status === 200 && parseJsonObject(response.body)) || {};
    // An entry that is not a key must not make the others unusable.
    const published = Array.isArray(entries) ? entries.filter(isKey) : [];
    if (published.length === 0) {
      const error = clientAuthError(
        "invalid_id_token",
        `The provider's keys cannot be read: ${jwksUri} answered ${statusOf(response)} without a key (JSON Web Key Set, RFC 7517).`,
        call,
      );
      throw withPause(error, response, this.#clock);
    }
    const find = await finderIn(published);
    const latest = this.#keys.get(jwksUri);
    // A later request may have been answered earlier.
    if (latest && latest.requestedAt > requestedAt) return latest;
    const keys = { published, find, jwksUri, requestedAt };
    this.#keys.set(jwksUri, keys);
    return keys;
  }

  #noKey(jwksUri: string, call: Call, { name, code, header }: Verification<unknown>, cause: unknown): Error {
    const seconds = Math.ceil(this.#pauses.untilRefetch(jwksUri) / 1000);
    const error = clientAuthError(
      code,
      `The signature of the ${name} cannot be verified: ${jwksUri} has ${lacking(header, cause)}. The provider may have changed its keys a moment ago: try again${seconds > 0 ? ` in ${seconds} seconds` : ""}.`,
      { correlationId: call.correlationId, cause },
    );
    if (seconds > 0) error.retryAfterSeconds = seconds;
    return asKeyFailure(error);
  }
}

function jwksUriOf(authority: Authority, call: Call): string {
  try {
    return endpointOf(authority, "jwks_uri", call);
  } catch (error) {
    throw asKeyFailure(error);
  }
}
