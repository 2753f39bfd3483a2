import { searchScopes } from "../../request/scopes.js";
import { scopesOf } from "./answers.js";
import { accessTokenFacts, type AccessTokenFacts, type Entry } from "./entry.js";

type Token = Entry<"AccessToken">;

/**
 * Finds the access tokens of a large partition by their scopes, so that reading and writing one token takes as long as in a
 * small one. What it finds has still to be compared: it holds every token that may match, and others.
 */
export class TokenIndex {
  readonly #byKey = new Map<string, Token>();
  readonly #byScope = new Map<string, Set<Token>>();
  /** By each scope of the request that a token was the response to; see `questionOf`. */
  readonly #byAsked = new Map<string, Set<Token>>();
  #firstEnd = Infinity;
  #lastExpiry: number | undefined = 0;
  /** Number of tokens that expire then. */
  #expireLast = 0;

  constructor(tokens: Iterable<Token>) {
    for (const token of tokens) this.add(token);
  }

  /** No token finally expires before this time, in seconds since the epoch. */
  get firstEnd(): number {
    return this.#firstEnd;
  }

  /** When the last token finally expires, in seconds since the epoch. */
  get lastExpiry(): number {
    if (this.#lastExpiry === undefined) {
      this.#lastExpiry = 0;
      this.#expireLast = 0;
      for (const token of this.#byKey.values()) this.#noteExpiry(expiryOf(token));
    }
    return this.#lastExpiry;
  }

  /** Returns the token with a key. */
  get(key: string): Token | undefined {
    return this.#byKey.get(key);
  }

  add(token: Token): void {
    const facts = accessTokenFacts(token);
    this.#byKey.set(token.key, token);
    for (const scope of facts.scopes) addTo(this.#byScope, scope, token);
    for (const scope of askedScopes(facts)) addTo(this.#byAsked, scope, token);
    if (facts.extendedExpiresOn < this.#firstEnd) this.#firstEnd = facts.extendedExpiresOn;
    this.#noteExpiry(expiryOf(token));
  }

  delete(token: Token): void {
    const facts = accessTokenFacts(token);
    if (this.#byKey.get(token.key) === token) this.#byKey.delete(token.key);
    for (const scope of facts.scopes) removeFrom(this.#byScope, scope, token);
    for (const scope of askedScopes(facts)) removeFrom(this.#byAsked, scope, token);
    if (expiryOf(token) !== this.#lastExpiry) return;
    this.#expireLast -= 1;
    if (this.#expireLast === 0) this.#lastExpiry = undefined;
  }

  #noteExpiry(expiry: number): void {
    if (this.#lastExpiry === undefined || expiry < this.#lastExpiry) return;
    this.#expireLast = expiry > this.#lastExpiry ? 1 : this.#expireLast + 1;
    this.#lastExpiry = expiry;
  }

  /** Returns the tokens that may answer a request for scopes; see {@link answers}. */
  answering(scopes: readonly string[]): Iterable<Token> {
    const [scope = ""] = searchScopes(scopes);
    return new Set([...(this.#byScope.get(scope) ?? []), ...(this.#byAsked.get(scope) ?? [])]);
  }

  /** Returns the tokens that a newer one may replace; see {@link supersedes}. */
  supersededBy(newer: AccessTokenFacts): Iterable<Token> {
    if (newer.asked !== undefined) return this.answering(scopesOf(newer.asked));
    const found = new Set<Token>();
    for (const scope of searchScopes(newer.scopeList))
      for (const token of this.#byScope.get(scope) ?? []) found.add(token);
    for (const scope of newer.scopes) for (const token of this.#byAsked.get(scope) ?? []) found.add(token);
    return found;
  }
}

function askedScopes({ asked }: AccessTokenFacts): readonly string[] {
  return asked === undefined ? NONE : searchScopes(scopesOf(asked));
}

const NONE: readonly string[] = [];

/** While the provider is unavailable, a token can be used until its extended expiry. */
function expiryOf(token: Token): number {
  const { expiresOn, extendedExpiresOn } = accessTokenFacts(token);
  return Math.max(expiresOn || 0, extendedExpiresOn || 0);
}

function addTo(index: Map<string, Set<Token>>, scope: string, token: Token): void {
  const tokens = index.get(scope);
  if (tokens) tokens.add(token);
  else index.set(scope, new Set([token]));
}

function removeFrom(index: Map<string, Set<Token>>, scope: string, token: Token): void {
  const tokens = index.get(scope);
  tokens?.delete(token);
  if (tokens?.size === 0) index.delete(scope);
}
