import type { Section } from "../schema/schema.js";
import { accessTokenFacts, isEntry, type AccessTokenFacts, type CachedTokens, type Entry } from "./entry.js";
import { Memo } from "./memo.js";
import { isSession } from "./partition-key.js";
import { TokenIndex } from "./token-index.js";

export {
  accessTokenFacts,
  hasKey,
  isEntry,
  type AccessTokenFacts,
  type CachedTokens,
  type Entry,
} from "./entry.js";

/** Up to this number of access tokens, looking at each takes less time than keeping an index. */
const MAX_UNINDEXED_TOKENS = 32;

/** All entries of one user, one app in a tenant, or one on-behalf-of assertion. */
export class Partition {
  /** Apart from the others, which are few. */
  #tokens: Entry<"AccessToken">[] = [];
  #others: Entry[] = [];
  /** Built when it is first needed; a copy takes it over, because it is about to be changed. */
  #index: TokenIndex | undefined;
  #memo: Memo<CachedTokens> | undefined;
  /** Unknown content that was loaded with the partition, preserved as is. Copies share it. */
  foreign: Record<string, unknown> | undefined;
  /** Its name in a store, and the version of its content. A copy is not what is stored. */
  stored: { readonly name: string; readonly version: string } | undefined;
  /** Refresh tokens that have been replaced by those of the partition: a store that still has them has lost changes. */
  replaced: readonly string[] | undefined;

  /** All entries of a section. */
  all<S extends Section>(section: S): readonly Entry<S>[] {
    return this.#in(section).filter((entry) => isEntry(entry, section));
  }

  /** Returns the first entry of a section that matches. */
  find<S extends Section>(section: S, fits: (entry: Entry<S>) => boolean): Entry<S> | undefined {
    for (const entry of this.#in(section)) if (isEntry(entry, section) && fits(entry)) return entry;
    return undefined;
  }

  /** Returns the access tokens that may answer a request for scopes, in a large partition without looking at each. */
  tokensFor(scopes: readonly string[]): Iterable<Entry<"AccessToken">> {
    return this.#indexed()?.answering(scopes) ?? this.#tokens;
  }

  /** Returns the access tokens that a newer one may replace. */
  tokensBefore(newer: AccessTokenFacts): Iterable<Entry<"AccessToken">> {
    return this.#indexed()?.supersededBy(newer) ?? this.#tokens;
  }

  /**
   * Returns when the last token expires, in seconds since the epoch; `Infinity` if a refresh token does not state its
   * expiry. The refresh token of an on-behalf-of call is useless once the call's other tokens have expired, unless it
   * belongs to a session.
   *
   * @param assumed when an on-behalf-of refresh token of a user expires that does not state it
   */
  lastExpiry(assumed = Infinity): number {
    let last = this.#index?.lastExpiry ?? 0;
    if (!this.#index) {
      for (const { entity } of this.#tokens)
        last = Math.max(last, Number(entity.expires_on) || 0, Number(entity.extended_expires_on) || 0);
    }
    for (const entry of this.#others) {
      if (isEntry(entry, "RefreshToken") && outlivesAccessTokens(entry)) {
        const unstated = entry.entity.on_behalf_of === true ? assumed : Infinity;
        last = Math.max(last, Number(entry.entity.expires_on) || unstated);
      }
    }
    return last;
  }

  /**
   * Returns when a refresh token was written, in seconds since the epoch, from its own field or from the access
   * tokens cached with it.
   */
  writtenAt({ entity }: Entry<"RefreshToken">): number {
    let last = Number(entity["last_modification_time"]) || 0;
    for (const token of this.#tokens) {
      const { environment, client_id } = token.entity;
      const isBeside = environment === entity.environment && client_id === entity.client_id;
      if (isBeside) last = Math.max(last, accessTokenFacts(token).cachedAt || 0);
    }
    return last;
  }

  /** Whether any entry matches. */
  has(fits: (entry: Entry) => boolean): boolean {
    return this.#tokens.some(fits) || this.#others.some(fits);
  }

  /** Returns the number of tokens of all kinds. */
  tokens(): number {
    const others = this.#others.filter(({ section }) => section !== "Account" && section !== "AppMetadata");
    return this.#tokens.length + others.length;
  }

  /** Whether the partition has no content. */
  get isEmpty(): boolean {
    const count = this.#tokens.length + this.#others.length;
    return count === 0 && Object.keys(this.foreign ?? {}).length === 0;
  }

  /** Adds an entry, or replaces the one with the same section and key. */
  put(entry: Entry): void {
    this.#memo = undefined;
    if (isEntry(entry, "AccessToken")) {
      const index = this.#indexed();
      const known = index ? index.get(entry.key) : this.#tokens.find(({ key }) => key === entry.key);
      if (known) this.#tokens[this.#tokens.indexOf(known)] = entry;
      else this.#tokens.push(entry);
      if (known) index?.delete(known);
      index?.add(entry);
      return;
    }
    const at = this.#others.findIndex((other) => other.section === entry.section && other.key === entry.key);
    if (at >= 0) this.#others[at] = entry;
    else this.#others.push(entry);
  }

  /** Adds an entry whose key is known to be new, so that loading a whole cache takes linear time. */
  append(entry: Entry): void {
    if (isEntry(entry, "AccessToken")) {
      this.#tokens.push(entry);
      this.#index?.add(entry);
    } else this.#others.push(entry);
  }

  /** Removes all matching entries. Returns whether there were any. */
  remove(fits: (entry: Entry) => boolean): boolean {
    const tokens = this.#tokens.filter(fits);
    this.removeTokens(tokens);
    return this.#removeOthers(fits) || tokens.length > 0;
  }

  /** Removes the matching entries of a section other than that of the access tokens. */
  removeOf<S extends Exclude<Section, "AccessToken">>(section: S, fits: (entry: Entry<S>) => boolean): void {
    this.#removeOthers((entry) => isEntry(entry, section) && fits(entry));
  }

  /** Removes some access tokens. */
  removeTokens(tokens: Iterable<Entry<"AccessToken">>): void {
    this.#memo = undefined;
    for (const token of tokens) {
      const at = this.#tokens.indexOf(token);
      if (at >= 0) this.#tokens.splice(at, 1);
      this.#index?.delete(token);
    }
  }

  /** Removes the access tokens that are of no more use, also if the provider is unavailable. */
  removeExpired(now: number): void {
    if ((this.#index?.firstEnd ?? 0) >= now) return;
    this.removeTokens(this.#tokens.filter((token) => accessTokenFacts(token).extendedExpiresOn < now));
    this.#index = undefined;
  }

  /** Returns an independent copy. */
  copy(): Partition {
    const copy = new Partition();
    copy.#tokens = this.#tokens.slice();
    copy.#others = this.#others.slice();
    copy.foreign = this.foreign;
    copy.replaced = this.replaced;
    copy.#index = this.#index;
    this.#index = undefined;
    return copy;
  }

  /** What was found since the partition last changed. */
  get memo(): Memo<CachedTokens> {
    return (this.#memo ??= new Memo());
  }

  #in(section: Section): readonly Entry[] {
    return section === "AccessToken" ? this.#tokens : this.#others;
  }

  #indexed(): TokenIndex | undefined {
    if (!this.#index && this.#tokens.length > MAX_UNINDEXED_TOKENS)
      this.#index = new TokenIndex(this.#tokens);
    return this.#index;
  }

  #removeOthers(fits: (entry: Entry) => boolean): boolean {
    this.#memo = undefined;
    const kept = this.#others.filter((entry) => !fits(entry));
    const removed = kept.length < this.#others.length;
    if (removed) this.#others.splice(0, this.#others.length, ...kept);
    return removed;
  }
}

function outlivesAccessTokens({ entity }: Entry<"RefreshToken">): boolean {
  const hash = entity["userAssertionHash"];
  return typeof hash !== "string" || isSession(hash);
}
