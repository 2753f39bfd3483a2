import type { JSONWebKeySet } from "jose";
import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { SingleFlight } from "../flight/single-flight.js";
import type { Call, Transport } from "../http/transport.js";

/** Keys are fetched again after this many milliseconds. */
const LIFETIME_MS = 600_000;
/** A signature no key fits may mean that the provider changed its keys; ask again, but not more often than this. */
const REFRESH_PAUSE_MS = 60_000;

/** Finds the key of a signature, as `jose` takes it; its own types must not show in what this package declares. */
export type KeyFinder = (...parameters: never[]) => unknown;

interface Keys {
  readonly find: KeyFinder;
  readonly fetchedAt: number;
}

/** The signing keys of identity providers (JSON Web Key Sets, RFC 7517), fetched when they are needed. */
export class KeySource {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #keys = new BoundedMap<Keys>(100);
  readonly #flights = new SingleFlight();

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /**
   * Runs a verification with the provider's keys; once more with fresh keys if none fits.
   *
   * @param jwksUri `jwks_uri` of the discovery document
   * @param verify verifies with a key finder of `jose`
   */
  async verifyWith<T>(jwksUri: string, call: Call, verify: (find: KeyFinder) => Promise<T>): Promise<T> {
    const known = this.#keys.get(jwksUri);
    const keys = known && this.#ageOf(known) < LIFETIME_MS ? known : await this.#fetch(jwksUri, call);
    try {
      return await verify(keys.find);
    } catch (error) {
      const noKey = error instanceof Error && "code" in error && error.code === "ERR_JWKS_NO_MATCHING_KEY";
      // Another caller may have fetched newer keys meanwhile.
      const latest = this.#keys.get(jwksUri) ?? keys;
      if (!noKey || (latest === keys && this.#ageOf(keys) < REFRESH_PAUSE_MS)) throw error;
      return verify((latest === keys ? await this.#fetch(jwksUri, call) : latest).find);
    }
  }

  #ageOf(keys: Keys): number {
    return this.#clock.now() - keys.fetchedAt;
  }

  #fetch(jwksUri: string, call: Call): Promise<Keys> {
    return this.#flights.run(jwksUri, call.signal, (signal) => this.#load(jwksUri, { ...call, signal }));
  }

  async #load(jwksUri: string, call: Call): Promise<Keys> {
    const { createLocalJWKSet } = await import("jose");
    const response = await this.#transport.get(jwksUri, call);
    const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
    if (!body || !Array.isArray(body["keys"])) {
      throw clientAuthError(
        "invalid_id_token",
        `The provider's keys cannot be read: ${jwksUri} answered HTTP ${response.status} without a JSON Web Key Set.`,
        call,
      );
    }
    const keys = { find: createLocalJWKSet(body as unknown as JSONWebKeySet), fetchedAt: this.#clock.now() };
    this.#keys.set(jwksUri, keys);
    return keys;
  }
}
