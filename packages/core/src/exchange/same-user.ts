import type { AccountInfo } from "../account.js";
import { claimsOf } from "../cache/account-info.js";
import { findIdToken, findRefreshToken, type TokenQuery } from "../cache/memory/find.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { FreshRecord } from "../cache/record.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import type { IdTokenClaims } from "../response/id-token.js";
import type { TokenResponse } from "../response/token-response.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";

/** Refuses refreshed tokens of another user (OpenID Connect Core §12.2). */
export function requireSameUser(
  memory: TokenMemory,
  exchange: Exchange,
  { owner, parameters }: Grant,
  { tokens, claims, record }: Answer,
): void {
  const isOfSession = owner.kind === "assertion" && parameters.get("grant_type") === "refresh_token";
  const known =
    owner.kind === "user" ? owner.account : isOfSession ? sessionUser(memory, exchange, record) : undefined;
  if (!known) return;
  // Entra identifies the user by `client_info`; other providers by the subject.
  const isSame = dialectOf(exchange.authority.url).hasTenants
    ? !tokens.clientInfo || record.accessToken.home_account_id === known.homeAccountId
    : claims === undefined || claims.sub === subjectOf(memory, exchange, record, known);
  if (isSame) return;
  throw clientAuthError(
    "invalid_id_token",
    "The refreshed tokens belong to another user than the account.",
    exchange.call,
  );
}

/** The tokens of a response, and the record to cache. */
export interface Answer {
  readonly tokens: TokenResponse;
  readonly claims: IdTokenClaims | undefined;
  readonly record: FreshRecord;
}

/** Returns the user whose refresh token a session has kept. */
function sessionUser(memory: TokenMemory, exchange: Exchange, record: FreshRecord): KnownUser | undefined {
  const kept = findRefreshToken(memory, queryOf(exchange, record), false);
  const { home_account_id: homeAccountId } = kept?.entity ?? {};
  return homeAccountId == null ? undefined : { homeAccountId };
}

type KnownUser = Pick<AccountInfo, "homeAccountId" | "idTokenClaims">;

/** Returns an account's subject. Other libraries may have derived its home account id from something else. */
function subjectOf(memory: TokenMemory, exchange: Exchange, record: FreshRecord, known: KnownUser): string {
  const subject = known.idTokenClaims?.sub;
  if (subject !== undefined) return subject;
  const idToken = findIdToken(memory, queryOf(exchange, record));
  return (idToken && claimsOf(idToken).sub) ?? known.homeAccountId;
}

/** Builds the query for the entries that belong with a record. */
export function queryOf({ client, authority }: Exchange, record: FreshRecord): TokenQuery {
  return {
    partition: record.partition,
    clientId: client.clientId,
    environments: authority.cloud.aliases,
    kind: authority.url.kind,
    issuer: record.issuer,
    realms: [record.accessToken.realm.toLowerCase()],
  };
}
