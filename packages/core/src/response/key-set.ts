import type { webcrypto } from "node:crypto";
import { isObject } from "../encoding.js";
import type { ClientAuthErrorCode } from "../errors/error-codes.js";

/**
 * Chooses and imports the key for the header of a token, as a key set of `jose` does.
 *
 * @throws an error of `jose` if there is none, or more than one
 */
export type KeyFinder = (header: TokenHeader) => Promise<webcrypto.CryptoKey>;

/** What a token says about its key. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid: unknown;
}

/** A key of a set. Only the members that select a key have been type-checked; `jose` reads the others. */
export interface PublishedKey {
  readonly kty?: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly key_ops?: string[];
  /** The issuer that a key of Entra is limited to. */
  readonly issuer?: unknown;
}

/** The keys that a provider has published. */
export interface KeySet {
  readonly published: readonly PublishedKey[];
  /** Finds a key among all published ones. */
  readonly find: KeyFinder;
  /** Where they were published. */
  readonly jwksUri: string;
  /** When they were requested, in milliseconds by the monotonic clock. */
  readonly requestedAt: number;
}

/** A verification that needs the provider's keys. */
export interface Verification<T> {
  /** Whether a key may sign for the issuer of the token. */
  readonly accepts: (key: PublishedKey) => boolean;
  /** Verifies with a key that the finder returns. */
  readonly verify: (find: KeyFinder, keys: KeySet) => Promise<T>;
  /** The token, for messages, such as `ID token`. */
  readonly name: string;
  /** Code of the error for a token whose key is missing. */
  readonly code: ClientAuthErrorCode;
  /** `kid` and `alg` of the token's header. */
  readonly header: { readonly kid?: unknown; readonly alg?: unknown };
}

/** The finders among some keys of a set, by the positions of the keys: to make one imports the keys again. */
const findersAmong = new WeakMap<KeySet, Map<string, Promise<KeyFinder>>>();

/** Returns a finder limited to the keys that a verification accepts. */
export async function finderAmong(keys: KeySet, accepts: (key: PublishedKey) => boolean): Promise<KeyFinder> {
  const { published, find } = keys;
  const accepted = published.filter(accepts);
  if (accepted.length === published.length) return find;
  const made = findersAmong.get(keys) ?? new Map<string, Promise<KeyFinder>>();
  findersAmong.set(keys, made);
  const positions = accepted.map((key) => published.indexOf(key)).join();
  const finding = made.get(positions) ?? finderIn(accepted);
  made.set(positions, finding);
  const findAccepted = await finding;
  return async (header) => {
    const named = published.find(({ kid }) => kid !== undefined && kid === header.kid);
    if (named && !accepts(named) && !accepted.some(({ kid }) => kid === header.kid)) {
      throw new Error(
        `its key ${JSON.stringify(named.kid)} is for the issuer ${JSON.stringify(named.issuer)}`,
      );
    }
    return findAccepted(header);
  };
}

/** Returns a finder among keys. */
export async function finderIn(published: readonly PublishedKey[]): Promise<KeyFinder> {
  const { createLocalJWKSet } = await import("jose");
  const find = createLocalJWKSet({ keys: [...published] });
  return ({ alg, kid }) => find(typeof kid === "string" ? { alg, kid } : { alg });
}

/** Whether the members that select a key have the types required by RFC 7517 §4. */
export function isKey(entry: unknown): entry is PublishedKey {
  if (!isObject(entry) || typeof entry["kty"] !== "string") return false;
  const { key_ops: operations } = entry;
  return (
    ["kid", "alg", "use"].every((name) => entry[name] === undefined || typeof entry[name] === "string") &&
    (operations === undefined || Array.isArray(operations))
  );
}

/** Whether an error of `jose` says that a set has no key for a token, or several. */
export function isWithoutKey(error: unknown): boolean {
  const code = codeOf(error);
  return code === "ERR_JWKS_NO_MATCHING_KEY" || code === "ERR_JWKS_MULTIPLE_MATCHING_KEYS";
}

/** Whether a key that the provider has published since may verify the token. */
export function mayBeOutdated(error: unknown, { kid }: { readonly kid?: unknown }): boolean {
  return isWithoutKey(error) || (kid === undefined && isBadSignature(error));
}

/** Whether an error of `jose` says that the key is not the one that made the signature. */
function isBadSignature(error: unknown): boolean {
  return codeOf(error) === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** What is wrong with a key set, for a token with this header. */
export function lacking(
  { kid, alg }: { readonly kid?: unknown; readonly alg?: unknown },
  cause: unknown,
): string {
  if (kid !== undefined) return `no key ${JSON.stringify(kid)} for ${JSON.stringify(alg)}`;
  return isWithoutKey(cause)
    ? `no key, or multiple keys, for ${JSON.stringify(alg)}, and the token does not name one (kid)`
    : `another key, and the token does not name one (kid)`;
}
