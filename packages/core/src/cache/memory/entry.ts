import { BINDING_KEY } from "../../dpop/binding-key.js";
import { isHeaderValue } from "../../http/header-value.js";
import { splitScopes } from "../../request/scopes.js";
import { ASKED } from "../schema/keys.js";
import { renewalTime } from "../renewal-time.js";
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
  // Nothing else is in here, so that a cache hit has it inlined.
  return (entry.facts as AccessTokenFacts | undefined) ?? parseFacts(entry);
}

function parseFacts(entry: Entry<"AccessToken">): AccessTokenFacts {
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
