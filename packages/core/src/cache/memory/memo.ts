import type { AuthorityKind } from "../../authority/authority-url.js";
import { sameComponents } from "../schema/keys.js";
import { asks, isSameList, type Asking, type Question } from "./question.js";

/** The tokens that were found in a partition since it last changed. */
export class Memo<T extends object> {
  #found: Found<T>[] = [];

  /**
   * Returns the tokens that were found for a query. Queries are compared field by field: equal strings are mostly identical,
   * and joining them into one key would cost more than the search.
   */
  recall(query: MemoQuery): T | undefined {
    for (const known of this.#found)
      if (known.query === query || isSame(known.query, query)) return known.tokens;
    return undefined;
  }

  /** Keeps what was found for a query. */
  remember(query: MemoQuery, tokens: T | undefined): T | undefined {
    if (!tokens) return undefined;
    const found: Found<T> = { query, tokens, answered: undefined };
    if (this.#found.length < MAX_MEMOIZED_QUERIES) this.#found.push(found);
    else this.#found = [found];
    return tokens;
  }

  /**
   * Notes that tokens were returned for a question.
   *
   * @param authority canonical URL of the authority that the question is about
   */
  note(tokens: T, question: Question, authority: string): void {
    const found = this.#found.find((known) => known.tokens === tokens);
    if (found) found.answered = { tokens, authority, question };
  }

  /** Returns what was returned for an equal question. */
  answer(client: object, revision: number, request: Asking): Answered<T> | undefined {
    for (const { answered } of this.#found)
      if (answered && asks(answered.question, client, revision, request)) return answered;
    return undefined;
  }
}

/** What was found, for what query, and for which question of a caller. */
interface Found<T> {
  readonly query: MemoQuery;
  readonly tokens: T;
  answered: Answered<T> | undefined;
}

/** A question, and the tokens that were returned for it. */
export interface Answered<T> {
  readonly question: Question;
  readonly tokens: T;
  readonly authority: string;
}

/** The fields of a query that are compared for memoization. */
export interface MemoQuery {
  readonly clientId: string;
  /** Hosts of the identity provider; the same object for the same provider. */
  readonly environments: ReadonlySet<string>;
  readonly realms: readonly string[];
  /** See {@link Provider}. */
  readonly kind?: AuthorityKind | undefined;
  readonly issuer?: string | undefined;
  readonly hostOnly?: boolean | undefined;
  readonly scopes: readonly string[];
  readonly resource?: string | undefined;
  readonly scheme?: string | undefined;
  readonly components?: Readonly<Record<string, string>> | undefined;
}

/**
 * Maximum number of memoized queries. Apps use few distinct scope sets, and generated ones must not exhaust memory.
 */
const MAX_MEMOIZED_QUERIES = 32;

function isSame(a: MemoQuery, b: MemoQuery): boolean {
  return (
    a.clientId === b.clientId &&
    a.environments === b.environments &&
    a.kind === b.kind &&
    a.issuer === b.issuer &&
    a.hostOnly === b.hostOnly &&
    isSameList(a.scopes, b.scopes) &&
    isSameList(a.realms, b.realms) &&
    a.resource === b.resource &&
    a.scheme === b.scheme &&
    sameComponents(a.components, b.components)
  );
}
