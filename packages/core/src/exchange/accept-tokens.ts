import type { Authority } from "../authority/authority.js";
import type { AccountInfo } from "../account.js";
import { claimsOf } from "../cache/account-info.js";
import { accountKey, accessTokenKey, idTokenKey } from "../cache/schema/keys.js";
import type { Entry } from "../cache/memory/partition.js";
import type { TokenQuery } from "../cache/memory/partitioned-cache.js";
import { cacheRecord, mergeAccount, storable, type FreshRecord, type TokenOwner } from "../cache/record.js";
import { clientAuthError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import { isolated } from "../request/request-keys.js";
import type { TokenRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import type { IdTokenClaims } from "../response/id-token.js";
import type { TokenResponse } from "../response/token-response.js";
import { verifyIdToken } from "../response/verify-id-token.js";
import type { Client } from "../client/client.js";
import type { Grant } from "./grant.js";

/** Validates tokens, writes them to the cache whole, and makes the result. The second half of a redemption. */
export async function acceptTokens(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  { tokens, requestedAt }: { readonly tokens: TokenResponse; readonly requestedAt: number },
  call: Call,
): Promise<AuthenticationResult> {
  const claims = await verify(client, authority, grant, tokens.idToken, call);
  if (claims?.tid) client.authorities.learnTenant(authority.url, claims.tid);
  const record = cacheRecord({
    response: tokens,
    claims,
    authority,
    clientId: client.clientId,
    owner: grant.owner,
    requestedScopes: grant.scopes,
    requestedAt,
    resource: request.resource,
    components: grant.owner.kind === "user" ? request.components : isolated(request),
    correlationId: call.correlationId,
  });
  checkUser(client, grant.owner, record, { authority, tokens, claims }, call);
  const kept = await client.tokenCache.write(record.partition, () =>
    keep(client, authority, request, grant, record),
  );
  return resultOf(kept, authority, tokens, call);
}

async function verify(
  client: Client,
  authority: Authority,
  grant: Grant,
  idToken: string | undefined,
  call: Call,
): Promise<IdTokenClaims | undefined> {
  const { clientId, clock, keys, secret, idTokenAlgorithm: algorithm } = client;
  const { nonce, maxAge, subject } = grant;
  if (idToken === undefined) {
    if (nonce === "unchecked" || nonce.expected === undefined) return undefined;
    throw clientAuthError(
      "nonce_mismatch",
      "There is no ID token in the answer, so nothing shows that it belongs to this sign-in: ask for the scope openid.",
      call,
    );
  }
  return verifyIdToken(
    idToken,
    { authority, clientId, clock, keys, algorithm, secret, nonce, maxAge, subject },
    call,
  );
}

/** A token response that has been validated. */
interface Answer {
  readonly authority: Authority;
  readonly tokens: TokenResponse;
  readonly claims: IdTokenClaims | undefined;
}

/** OpenID Connect Core §12.2: a refresh brings tokens of the same user, or it is refused. */
function checkUser(
  client: Client,
  owner: TokenOwner,
  record: FreshRecord,
  { authority, tokens, claims }: Answer,
  call: Call,
): void {
  const known = owner.kind === "user" ? owner.account : undefined;
  if (!known) return;
  // Entra says with `client_info` who the user is at home; elsewhere the subject is the user.
  const { kind } = authority.url;
  const bySubject = kind === "oidc" || kind === "adfs";
  const isSame = bySubject
    ? claims === undefined || claims.sub === subjectOf(client, authority, record, known)
    : !tokens.clientInfo || record.accessToken.home_account_id === known.homeAccountId;
  if (isSame) return;
  throw clientAuthError(
    "invalid_id_token",
    "The refreshed tokens belong to another user than the account.",
    call,
  );
}

/** The subject of an account: other libraries may have given it another home account id. */
function subjectOf(client: Client, authority: Authority, record: FreshRecord, known: AccountInfo): string {
  const subject = known.idTokenClaims?.sub;
  if (subject !== undefined) return subject;
  const idToken = client.cache.findIdToken(queryOf(client, authority, record));
  return (idToken && claimsOf(idToken).sub) ?? known.homeAccountId;
}

/** Where what belongs with a record is looked for. */
function queryOf(client: Client, { url, cloud }: Authority, record: FreshRecord): TokenQuery {
  return {
    partition: record.partition,
    clientId: client.clientId,
    environments: cloud.aliases,
    kind: url.kind,
    issuer: record.issuer,
    realms: [record.accessToken.realm.toLowerCase()],
  };
}

/** Writes the record, inside the plugin's load and save, and returns the entries the result is made of. */
function keep(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  fresh: FreshRecord,
): Kept {
  const environments = authority.cloud.aliases;
  const query = queryOf(client, authority, fresh);
  // A session on behalf of a user may have been another provider's before.
  if (grant.owner.kind === "assertion") client.cache.removeForeign(fresh.partition, query);
  const known = client.cache.findAccount(query);
  const account = fresh.account && mergeAccount(fresh.account, known?.entity);
  const record = { ...fresh, ...(account ? { account } : {}) };
  const ownerless = grant.owner.kind === "user" && !record.accessToken.home_account_id;
  const signedOut = grant.onlyIfKnown === true && !known;
  if (!ownerless && !signedOut) client.cache.save(storable(record, request.storeInCache), environments);
  const idToken = client.cache.findIdToken(query);
  return { record, known, knownIdToken: idToken };
}

/** What was written, and what was known of the user: a refresh need not repeat it. */
interface Kept {
  readonly record: FreshRecord;
  readonly known: Entry<"Account"> | undefined;
  readonly knownIdToken: Entry<"IdToken"> | undefined;
}

function resultOf(
  { record, known, knownIdToken }: Kept,
  authority: Authority,
  tokens: TokenResponse,
  call: Call,
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
      requestId: tokens.requestId,
      familyId: tokens.foci ?? "",
      code: tokens.spaCode,
    },
  );
  if (tokens.accessToken) return result;
  return { ...result, scopes: [], expiresOn: null, extExpiresOn: undefined, tokenType: "" };
}
