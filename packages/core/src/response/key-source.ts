import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { isObject, parseJsonObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { SingleFlight } from "../flight/single-flight.js";
import { statusOf, withPause } from "../http/throttle.js";
import type { Call, Transport } from "../http/transport.js";

/** Lifetime of fetched keys, in milliseconds. */
const LIFETIME_MS = 600_000;
/**
 * Minimum time between fetches, in milliseconds, when no key matches a signature: the provider may have rotated its
 * keys.
 */
const REFRESH_PAUSE_MS = 60_000;

/**
 * The key argument of `jose`'s verify functions. Declared here so that this package's type declarations do not depend
 * on `jose`.
 */
export type KeyFinder = (...parameters: never[]) => unknown;

/** A key of a set. Only the members that select a key have been type-checked. */
export type PublishedKey = Readonly<Record<string, unknown>>;

interface Keys {
  readonly published: readonly PublishedKey[];
  /** Finds a key among all published ones. */
  readonly find: KeyFinder;
  readonly fetchedAt: number;
}

/** A verification that needs the provider's keys. */
export interface Verification<T> {
  /** Whether a key may sign for the issuer of the token. */
  readonly accepts: (key: PublishedKey) => boolean;
  /** Verifies with a key finder of `jose`. */
  readonly verify: (find: KeyFinder) => Promise<T>;
}

/** Fetches and caches the signing keys of identity providers (JSON Web Key Sets, RFC 7517). */
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
   * Runs a verification with the provider's keys, and again with newly fetched keys if none matches.
   *
   * @param jwksUri `jwks_uri` of the discovery document
   */
  async verifyWith<T>(jwksUri: string, call: Call, { accepts, verify }: Verification<T>): Promise<T> {
    const known = this.#keys.get(jwksUri);
    const keys = known && this.#ageOf(known) < LIFETIME_MS ? known : await this.#fetch(jwksUri, call);
    try {
      return await verify(await finderAmong(keys, accepts));
    } catch (error) {
      const noKey = error instanceof Error && "code" in error && error.code === "ERR_JWKS_NO_MATCHING_KEY";
      // Another caller may have fetched newer keys in the meantime.
      const latest = this.#keys.get(jwksUri) ?? keys;
      if (!noKey || (latest === keys && this.#ageOf(keys) < REFRESH_PAUSE_MS)) throw error;
      return verify(await finderAmong(latest === keys ? await this.#fetch(jwksUri, call) : latest, accepts));
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
      const error = clientAuthError(
        "invalid_id_token",
        `The provider's keys cannot be read: ${jwksUri} answered ${statusOf(response)} without a JSON Web Key Set.`,
        call,
      );
      throw withPause(error, response, this.#clock);
    }
    // An entry that is not a key must not make the others unusable.
    const published = body["keys"].filter(isKey);
    const find = createLocalJWKSet({ keys: published });
    const keys = { published, find, fetchedAt: this.#clock.now() };
    this.#keys.set(jwksUri, keys);
    return keys;
  }
}

/** Returns a finder limited to the keys that a verification accepts. */
async function finderAmong(
  { published, find }: Keys,
  accepts: (key: PublishedKey) => boolean,
): Promise<KeyFinder> {
  const accepted = published.filter(accepts);
  if (accepted.length === published.length) return find;
  const { createLocalJWKSet } = await import("jose");
  const findAccepted = createLocalJWKSet({ keys: accepted });
  return async (header: { readonly kid?: unknown }, token: never) => {
    const named = published.find(({ kid }) => kid !== undefined && kid === header.kid);
    if (named && !accepts(named) && !accepted.some(({ kid }) => kid === header.kid)) {
      throw new Error(
        `its key ${JSON.stringify(named["kid"])} is for the issuer ${JSON.stringify(named["issuer"])}`,
      );
    }
    return findAccepted(header as Parameters<typeof findAccepted>[0], token);
  };
}

/** Whether the members that select a key have the types required by RFC 7517 §4. */
function isKey(entry: unknown): entry is PublishedKey {
  if (!isObject(entry) || typeof entry["kty"] !== "string") return false;
  const { key_ops: operations } = entry;
  return (
    ["kid", "alg", "use"].every((name) => entry[name] === undefined || typeof entry[name] === "string") &&
    (operations === undefined || Array.isArray(operations))
  );
}
