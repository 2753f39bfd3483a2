import type { AuthorityKind } from "../../authority/authority-url.js";
import { isHeaderValue } from "../../http/header-value.js";
import { questionOf, searchScopes, splitScopes } from "../../request/scopes.js";
import { ASKED, sameComponents } from "../schema/keys.js";
import { isSession } from "./partition-key.js";
import type { EntityOf, Section } from "../schema/schema.js";

/** One entity in memory, with what is worked out from it on first use. */
export interface Entry<S extends Section = Section> {
  readonly section: S;
  readonly key: string;
  readonly entity: EntityOf[S];
  /** Worked out on first use; see {@link accessTokenFacts} and `account-info.ts`. */
  facts?: unknown;
}

/** Whether an entry is of a section. */
export function isEntry<S extends Section>(entry: Entry, section: S): entry is Entry<S> & Entry {
  return entry.section === section;
}

/** What a lookup compares, parsed once per token. */
export interface AccessTokenFacts {
  /** Granted scopes in lower case. */
  readonly scopes: ReadonlySet<string>;
  readonly scopeList: readonly string[];
  /** What it was asked for with, where that is not among the granted scopes; see {@link questionOf}. */
  readonly asked: string | undefined;
  readonly realm: string;
  /** A bearer token that an `Authorization` header can carry. */
  readonly bearer: boolean;
  /** Seconds since the epoch. */
  readonly expiresOn: number;
  readonly extendedExpiresOn: number;
  readonly refreshOn: number | undefined;
  readonly cachedAt: number;
}

/** The facts of an access token. */
export function accessTokenFacts(entry: Entry<"AccessToken">): AccessTokenFacts {
  if (entry.facts) return entry.facts as AccessTokenFacts;
  const { entity } = entry;
  const scopeList = splitScopes(entity.target);
  const facts: AccessTokenFacts = {
    scopes: new Set(scopeList.map((scope) => scope.toLowerCase())),
    scopeList,
    asked: entity.additionalCacheKeyComponents?.[ASKED],
    realm: entity.realm.toLowerCase(),
    bearer: (entity.token_type ?? "Bearer").toLowerCase() === "bearer" && isHeaderValue(entity.secret),
    expiresOn: Number(entity.expires_on),
    extendedExpiresOn: Number(entity.extended_expires_on ?? entity.expires_on),
    refreshOn: entity.refresh_on ? Number(entity.refresh_on) : undefined,
    cachedAt: Number(entity.cached_at),
  };
  entry.facts = facts;
  return facts;
}

/** What a hit hands out: an access token with the user it belongs to. */
export interface CachedTokens {
  readonly accessToken: Entry<"AccessToken">;
  readonly idToken: Entry<"IdToken"> | undefined;
  readonly account: Entry<"Account"> | undefined;
  /** What every result for these tokens says alike; see `result.ts`. */
  facts?: unknown;
}

/** Everything kept for one user, one app in a tenant, or one on-behalf-of assertion. */
export class Partition {
  readonly #entries: Entry[] = [];
  #remembered: { readonly question: Question; readonly answer: CachedTokens }[] | undefined;
  #foreign: Record<string, unknown> | undefined;

  /** What was loaded with the partition and is not understood: kept as it is. */
  get foreign(): Record<string, unknown> {
    return (this.#foreign ??= {});
  }

  /** All entries of a section. */
  *all<S extends Section>(section: S): Iterable<Entry<S>> {
    for (const entry of this.#entries) if (isEntry(entry, section)) yield entry;
  }

  /** The first entry of a section that fits. */
  find<S extends Section>(section: S, fits: (entry: Entry<S>) => boolean): Entry<S> | undefined {
    for (const entry of this.#entries) if (isEntry(entry, section) && fits(entry)) return entry;
    return undefined;
  }

  /**
   * When the last token expires, in seconds since the epoch; `Infinity` while there is a refresh token that does not say.
   * The refresh token of an on-behalf-of call is of no use once the call's own tokens have expired; that of a session is.
   */
  lastExpiry(): number {
    let last = 0;
    for (const entry of this.#entries) {
      if (isEntry(entry, "AccessToken")) last = Math.max(last, Number(entry.entity.expires_on) || 0);
      if (isEntry(entry, "RefreshToken") && outlivesAccessTokens(entry)) {
        last = Math.max(last, Number(entry.entity.expires_on) || Infinity);
      }
    }
    return last;
  }

  /** When a refresh token was written, in seconds since the epoch: it says so, or the access token beside it does. */
  writtenAt({ entity }: Entry<"RefreshToken">): number {
    let last = Number(entity["last_modification_time"]) || 0;
    for (const token of this.all("AccessToken")) {
      const { environment, client_id } = token.entity;
      const isBeside = environment === entity.environment && client_id === entity.client_id;
      if (isBeside) last = Math.max(last, accessTokenFacts(token).cachedAt || 0);
    }
    return last;
  }

  /** Whether an entry fits. */
  has(fits: (entry: Entry) => boolean): boolean {
    return this.#entries.some(fits);
  }

  /** How many tokens there are, of all kinds. */
  tokens(): number {
    return this.#entries.filter(({ section }) => section !== "Account" && section !== "AppMetadata").length;
  }

  /** Whether there is nothing to keep. */
  get isEmpty(): boolean {
    return this.#entries.length === 0 && Object.keys(this.#foreign ?? {}).length === 0;
  }

  /** Adds an entry, in place of one with the same section and key. */
  put(entry: Entry): void {
    this.#remembered = undefined;
    const at = this.#entries.findIndex((other) => other.section === entry.section && other.key === entry.key);
    if (at >= 0) this.#entries[at] = entry;
    else this.#entries.push(entry);
  }

  /** Adds an entry whose key is known to be new: loading a whole cache stays linear. */
  append(entry: Entry): void {
    this.#entries.push(entry);
  }

  /** Removes every entry that fits, and says whether there were any. */
  remove(fits: (entry: Entry) => boolean): boolean {
    this.#remembered = undefined;
    const kept = this.#entries.filter((entry) => !fits(entry));
    const removed = kept.length < this.#entries.length;
    if (removed) this.#entries.splice(0, this.#entries.length, ...kept);
    return removed;
  }

  /** A copy that can change without changing this one. */
  copy(): Partition {
    const copy = new Partition();
    copy.#entries.push(...this.#entries);
    copy.#foreign = this.#foreign;
    return copy;
  }

  /**
   * The answer to a question, remembered until the partition changes. Questions are compared part by part: equal texts
   * are mostly the same text, and to join them into one key would cost more than to look.
   *
   * @param search finds the answer when it is not remembered
   */
  remembered(question: Question, search: () => CachedTokens | undefined): CachedTokens | undefined {
    const remembered = this.#remembered;
    if (remembered) {
      for (const known of remembered) if (isSame(known.question, question)) return known.answer;
    }
    const answer = search();
    if (!answer) return undefined;
    const room = remembered && remembered.length < REMEMBERED_QUESTIONS;
    if (room) remembered.push({ question, answer });
    else this.#remembered = [{ question, answer }];
    return answer;
  }
}

/** What is asked of a partition. */
export interface Question {
  readonly clientId: string;
  /** Hosts that mean the same identity provider; the same object for the same provider. */
  readonly environments: ReadonlySet<string>;
  readonly realms: readonly string[];
  /** See {@link Provider}. */
  readonly kind?: AuthorityKind | undefined;
  readonly issuer?: string | undefined;
  readonly untold?: boolean | undefined;
  readonly scopes: readonly string[];
  readonly resource?: string | undefined;
  readonly components?: Readonly<Record<string, string>> | undefined;
}

/** An app asks for few distinct scope sets; one that makes them up must not make the memory grow. */
const REMEMBERED_QUESTIONS = 32;

function isSame(a: Question, b: Question): boolean {
  return (
    a.clientId === b.clientId &&
    a.environments === b.environments &&
    a.kind === b.kind &&
    a.issuer === b.issuer &&
    a.untold === b.untold &&
    isSameList(a.scopes, b.scopes) &&
    isSameList(a.realms, b.realms) &&
    a.resource === b.resource &&
    sameComponents(a.components, b.components)
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}

/** Whether an access token grants every scope that is asked for, or was the provider's answer to these very scopes. */
export function grants(facts: AccessTokenFacts, scopes: readonly string[]): boolean {
  return (
    searchScopes(scopes).every((scope) => facts.scopes.has(scope)) ||
    (facts.asked !== undefined && facts.asked === questionOf(scopes))
  );
}

/**
 * Whether a newer token takes the place of an older: their granted scopes share one that names a resource, or they answer
 * the same question. Scopes that the provider spells in its own way tell no resources apart; then only the question counts.
 */
export function supersedes(newer: AccessTokenFacts, older: AccessTokenFacts): boolean {
  if (newer.asked !== undefined) return grants(older, splitScopes(newer.asked));
  return (
    searchScopes(newer.scopeList).some((scope) => older.scopes.has(scope)) ||
    (older.asked !== undefined && grants(newer, splitScopes(older.asked)))
  );
}

function outlivesAccessTokens({ entity }: Entry<"RefreshToken">): boolean {
  const hash = entity["userAssertionHash"];
  return typeof hash !== "string" || isSession(hash);
}
