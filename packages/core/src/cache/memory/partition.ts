import { BINDING_KEY } from "../../dpop/binding-key.js";
import { isHeaderValue } from "../../http/header-value.js";
import { splitScopes } from "../../request/scopes.js";
import { ASKED } from "../schema/keys.js";
import { renewalTime } from "../renewal-time.js";
import { isSession } from "./partition-key.js";
import { Memo } from "./memo.js";
import type { EntityOf, Section } from "../schema/schema.js";

/** One entity in memory, with values derived from it on first use. */
export interface Entry<S extends Section = Section> {
  readonly section: S;
  readonly key: string;
  readonly entity: EntityOf[S];
  /** Derived on first use; see {@link accessTokenFacts} and `account-info.ts`. */
  facts?: unknown;
}

/** Whether an entry belongs to a section. */
export function isEntry<S extends Section>(entry: Entry, section: S): entry is Entry<S> & Entry {
  return entry.section === section;
}

/** The fields a look-up compares, parsed once per token. */
export interface AccessTokenFacts {
  /** Granted scopes in lower case. */
  readonly scopes: ReadonlySet<string>;
  readonly scopeList: readonly string[];
  /** The requested scopes, if they are not all among the granted ones; see `questionOf`. */
  readonly asked: string | undefined;
  readonly realm: string;
  /** Whether it is a bearer token that can be sent in an `Authorization` header. */
  readonly bearer: boolean;
  /** Whether it is bound to a key that is known here. */
  readonly dpop: boolean;
  /** Seconds since the epoch. */
  readonly expiresOn: number;
  readonly extendedExpiresOn: number;
  readonly refreshOn: number | undefined;
  readonly cachedAt: number;
  /** When this process renews it in the background; `Infinity` if it never does. */
  readonly renewOn: number;
}

/** Returns the parsed fields of an access token. */
export function accessTokenFacts(entry: Entry<"AccessToken">): AccessTokenFacts {
  if (entry.facts) return entry.facts as AccessTokenFacts;
  const { entity } = entry;
  const scopeList = splitScopes(entity.target);
  const type = (entity.token_type ?? "Bearer").toLowerCase();
  const facts: AccessTokenFacts = {
    scopes: new Set(scopeList.map((scope) => scope.toLowerCase())),
    scopeList,
    asked: entity.additionalCacheKeyComponents?.[ASKED],
    realm: entity.realm.toLowerCase(),
    bearer: type === "bearer" && isHeaderValue(entity.secret),
    dpop: type === "dpop" && hasKey(entity) && isHeaderValue(entity.secret),
    expiresOn: Number(entity.expires_on),
    extendedExpiresOn: Number(entity.extended_expires_on ?? entity.expires_on),
    refreshOn: entity.refresh_on ? Number(entity.refresh_on) : undefined,
    cachedAt: Number(entity.cached_at),
    renewOn: renewalTime(entity),
  };
  entry.facts = facts;
  return facts;
}

/** Whether the key that a token is bound to is known. */
export function hasKey(token: EntityOf["AccessToken" | "RefreshToken"]): boolean {
  return token[BINDING_KEY] !== undefined || typeof token.dpop_key === "string";
}

/** The result of a cache hit: an access token and its user. */
export interface CachedTokens {
  readonly accessToken: Entry<"AccessToken">;
  readonly idToken: Entry<"IdToken"> | undefined;
  readonly account: Entry<"Account"> | undefined;
  /** Fields common to all results for these tokens; see `result.ts`. */
  facts?: unknown;
}

/** All entries of one user, one app in a tenant, or one on-behalf-of assertion. */
export class Partition {
  readonly #entries: Entry[] = [];
  #memo: Memo<CachedTokens> | undefined;
  /** Unknown content that was loaded with the partition, preserved as is. Copies share it. */
  foreign: Record<string, unknown> | undefined;
  /** Its name in a store, and the version of its content. A copy is not what is stored. */
  stored: { readonly name: string; readonly version: string } | undefined;

  /** All entries of a section. */
  *all<S extends Section>(section: S): Iterable<Entry<S>> {
    for (const entry of this.#entries) if (isEntry(entry, section)) yield entry;
  }

  /** Returns the first entry of a section that matches. */
  find<S extends Section>(section: S, fits: (entry: Entry<S>) => boolean): Entry<S> | undefined {
    for (const entry of this.#entries) if (isEntry(entry, section) && fits(entry)) return entry;
    return undefined;
  }

  /**
   * Returns when the last token expires, in seconds since the epoch; `Infinity` if a refresh token does not state its
   * expiry. The refresh token of an on-behalf-of call is useless once the call's other tokens have expired, unless it
   * belongs to a session.
   *
   * @param assumed when an on-behalf-of refresh token of a user expires that does not state it
   */
  lastExpiry(assumed = Infinity): number {
    let last = 0;
    for (const entry of this.#entries) {
      if (isEntry(entry, "AccessToken")) last = Math.max(last, Number(entry.entity.expires_on) || 0);
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
    for (const token of this.all("AccessToken")) {
      const { environment, client_id } = token.entity;
      const isBeside = environment === entity.environment && client_id === entity.client_id;
      if (isBeside) last = Math.max(last, accessTokenFacts(token).cachedAt || 0);
    }
    return last;
  }

  /** Whether any entry matches. */
  has(fits: (entry: Entry) => boolean): boolean {
    return this.#entries.some(fits);
  }

  /** Returns the number of tokens of all kinds. */
  tokens(): number {
    return this.#entries.filter(({ section }) => section !== "Account" && section !== "AppMetadata").length;
  }

  /** Whether the partition has no content. */
  get isEmpty(): boolean {
    return this.#entries.length === 0 && Object.keys(this.foreign ?? {}).length === 0;
  }

  /** Adds an entry, or replaces the one with the same section and key. */
  put(entry: Entry): void {
    this.#memo = undefined;
    const at = this.#entries.findIndex((other) => other.section === entry.section && other.key === entry.key);
    if (at >= 0) this.#entries[at] = entry;
    else this.#entries.push(entry);
  }

  /** Adds an entry whose key is known to be new, so that loading a whole cache takes linear time. */
  append(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Removes all matching entries. Returns whether there were any. */
  remove(fits: (entry: Entry) => boolean): boolean {
    this.#memo = undefined;
    const kept = this.#entries.filter((entry) => !fits(entry));
    const removed = kept.length < this.#entries.length;
    if (removed) this.#entries.splice(0, this.#entries.length, ...kept);
    return removed;
  }

  /** Returns an independent copy. */
  copy(): Partition {
    const copy = new Partition();
    copy.#entries.push(...this.#entries);
    copy.foreign = this.foreign;
    return copy;
  }

  /** What was found since the partition last changed. */
  get memo(): Memo<CachedTokens> {
    return (this.#memo ??= new Memo());
  }
}

function outlivesAccessTokens({ entity }: Entry<"RefreshToken">): boolean {
  const hash = entity["userAssertionHash"];
  return typeof hash !== "string" || isSession(hash);
}
