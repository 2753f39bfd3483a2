import type { AccountInfo } from "../account.js";
import { claimsOf } from "../cache/account-info.js";
import { findAccount, findIdToken, type TokenQuery } from "../cache/memory/find.js";
import type { Entry } from "../cache/memory/partition.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import { noteUser } from "../cache/memory/agent-users.js";
import { appPartition, isAssertion } from "../cache/memory/partition-key.js";
import { lendTokens, removeForeign, saveTokens } from "../cache/memory/write.js";
import { cacheRecord, type CacheRecordInput, type FreshRecord } from "../cache/record.js";
import { storable } from "../cache/storable.js";
import { mergeAccount } from "../cache/merge-account.js";
import type { Change } from "../cache/storage/cache-access.js";
import { accessTokenKey, accountKey, idTokenKey } from "../cache/schema/keys.js";
import { dialectOf } from "../dialect/dialects.js";
import { clientAuthError } from "../errors/errors.js";
import { printable } from "../printable.js";
import { detailsIn } from "../request/authorization-details.js";
import { isolated } from "../request/request-keys.js";
import type { IdTokenClaims } from "../response/id-token.js";
import type { TokenResponse } from "../response/token-response.js";
import { verifyIdToken } from "../response/verify-id-token.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";

/** Tokens received from the token endpoint or from a token source. */
export interface AcceptedResponse {
  readonly tokens: TokenResponse;
  /** When the request was sent, in seconds since the epoch. */
  readonly requestedAt: number;
}

/** Validates tokens, writes them to the cache as a whole, and builds the result: the second half of a redemption. */
export async function acceptTokens(
  exchange: Exchange,
  grant: Grant,
  { tokens, requestedAt }: AcceptedResponse,
): Promise<AuthenticationResult> {
  const { client, authority, request, call } = exchange;
  requireAskedDetails(exchange, tokens);
  const claims = await verify(exchange, grant, tokens.idToken);
  if (claims?.tid) client.authorities.learnTenant(authority.url, claims.tid);
  const { owner } = grant;
  const input = {
    response: tokens,
    claims,
    authority,
    clientId: client.clientId,
    owner,
    sentScopes: grant.scopes,
    askedScopes: request.scopes,
    requestedAt,
    defaultLifetime: client.defaultLifetime,
    resource: request.resource,
    components: owner.kind === "user" ? request.components : isolated(request),
    correlationId: call.correlationId,
  };
  const record = cacheRecord(input);
  const change = (memory: TokenMemory): Kept => {
    requireSameUser(memory, exchange, grant, { tokens, claims, record });
    return keep(memory, exchange, grant, record);
  };
  const also = noted(exchange, input, record) ?? lent(exchange, input);
  const kept = await client.cache.write(record.partition, change, also);
  return resultOf(exchange, kept, tokens);
}

/**
 * Refuses a token for types of authorization details that were not requested. The provider may grant less of a type, or
 * enrich it (RFC 9396 §7, §7.1), and what it grants to a request without details is up to it.
 */
function requireAskedDetails({ request, call }: Exchange, { authorizationDetails }: TokenResponse): void {
  if (request.authorizationDetails === undefined) return;
  const asked = new Set(detailsIn(request.authorizationDetails).map(({ type }) => type));
  const other = detailsIn(authorizationDetails).find(({ type }) => !asked.has(type));
  if (!other) return;
  throw clientAuthError(
    "invalid_token_response",
    `The token endpoint's response is not valid: it grants authorization details of the type "${printable(other.type)}", which was not requested (RFC 9396, section 7).`,
    call,
  );
}

/** A store finds the users of an agent by name in the agent's own partition. */
function noted(
  { client, authority, request }: Exchange,
  { owner }: CacheRecordInput,
  record: FreshRecord,
): Change | undefined {
  const { idToken } = storable(record, request.storeInCache);
  if (owner.kind !== "user" || !owner.agent || !idToken) return undefined;
  const key = appPartition(client.clientId, authority.url.realm);
  return { key, change: (memory) => noteUser(memory, key, idToken), onlyInStore: true };
}

/**
 * Background work continues with the user's account, so the tokens of an assertion are also cached for the account.
 * The tokens of a session or of a token exchange stay with its key.
 */
function lent({ authority, request }: Exchange, input: CacheRecordInput): Change | undefined {
  if (input.owner.kind !== "assertion" || !isAssertion(input.owner.hash)) return undefined;
  const owner = { kind: "user", onBehalfOf: true } as const;
  const record = cacheRecord({ ...input, owner, components: request.components });
  if (!record.accessToken.home_account_id || !record.account) return undefined;
  const kept = storable(record, request.storeInCache);
  return {
    key: record.partition,
    change: (memory) => lendTokens(memory, kept, authority.cloud.aliases),
  };
}

async function verify(
  { client, authority, call }: Exchange,
  { nonce, maxAge, subject }: Grant,
  idToken: string | undefined,
): Promise<IdTokenClaims | undefined> {
  if (idToken === undefined) {
    if (nonce === "unchecked" || nonce.expected === undefined) return undefined;
    throw clientAuthError(
      "nonce_mismatch",
      "The response has no ID token, so nothing shows that it belongs to this sign-in: request the scope openid.",
      call,
    );
  }
  return verifyIdToken(idToken, { client, authority, nonce, maxAge, subject }, call);
}

/** Refuses refreshed tokens of another user (OpenID Connect Core §12.2). */
function requireSameUser(
  memory: TokenMemory,
  exchange: Exchange,
  { owner }: Grant,
  { tokens, claims, record }: Answer,
): void {
  const known = owner.kind === "user" ? owner.account : undefined;
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

/** Validated tokens, and the record to cache. */
interface Answer {
  readonly tokens: TokenResponse;
  readonly claims: IdTokenClaims | undefined;
  readonly record: FreshRecord;
}

/** Returns an account's subject. Other libraries may have derived its home account id from something else. */
function subjectOf(memory: TokenMemory, exchange: Exchange, record: FreshRecord, known: AccountInfo): string {
  const subject = known.idTokenClaims?.sub;
  if (subject !== undefined) return subject;
  const idToken = findIdToken(memory, queryOf(exchange, record));
  return (idToken && claimsOf(idToken).sub) ?? known.homeAccountId;
}

/** Builds the query for the entries that belong with a record. */
function queryOf({ client, authority }: Exchange, record: FreshRecord): TokenQuery {
  return {
    partition: record.partition,
    clientId: client.clientId,
    environments: authority.cloud.aliases,
    kind: authority.url.kind,
    issuer: record.issuer,
    realms: [record.accessToken.realm.toLowerCase()],
  };
}

/** Writes the record, between the plugin's load and save, and returns the entries for the result. */
function keep(memory: TokenMemory, exchange: Exchange, grant: Grant, fresh: FreshRecord): Kept {
  const { authority, request } = exchange;
  const query = queryOf(exchange, fresh);
  // An on-behalf-of session may previously have belonged to another provider.
  if (grant.owner.kind === "assertion") removeForeign(memory, fresh.partition, query);
  const known = findAccount(memory, query);
  const account = fresh.account && mergeAccount(fresh.account, known?.entity);
  const record = { ...fresh, ...(account ? { account } : {}) };
  const ownerless = grant.owner.kind === "user" && !record.accessToken.home_account_id;
  const signedOut = grant.onlyIfKnown === true && !known;
  if (!ownerless && !signedOut) {
    const save = grant.owner.kind === "user" && grant.owner.onBehalfOf ? lendTokens : saveTokens;
    save(memory, storable(record, request.storeInCache), authority.cloud.aliases);
  }
  return { record, known, knownIdToken: findIdToken(memory, query) };
}

/** The written record, and the user's previous entries, which a refresh response may omit. */
interface Kept {
  readonly record: FreshRecord;
  readonly known: Entry<"Account"> | undefined;
  readonly knownIdToken: Entry<"IdToken"> | undefined;
}

function resultOf(
  { authority, call }: Exchange,
  { record, known, knownIdToken }: Kept,
  tokens: TokenResponse,
): AuthenticationResult {
  const { accessToken, account, idToken } = record;
  const result = authenticationResult(
    {
      accessToken: { section: "AccessToken", key: accessTokenKey(accessToken), entity: accessToken },
      account: account ? { section: "Account", key: accountKey(account), entity: account } : known,
      idToken: idToken ? { section: "IdToken", key: idTokenKey(idToken), entity: idToken } : knownIdToken,
    },
    {
      authority: authority.url.href,
      correlationId: call.correlationId,
      fromCache: false,
      requestId: tokens.requestId ?? "",
      familyId: tokens.foci ?? "",
      code: tokens.spaCode,
    },
  );
  if (tokens.accessToken) return result;
  return { ...result, scopes: [], expiresOn: null, extExpiresOn: undefined, tokenType: "" };
}
