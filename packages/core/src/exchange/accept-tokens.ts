import type { Received } from "../cache/memory/age.js";
import { findAccount, findIdToken } from "../cache/memory/find.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import { noteUser } from "../cache/memory/agent-users.js";
import { appPartition, isAssertion } from "../cache/memory/partition-key.js";
import { removeForeign, removeRefreshToken } from "../cache/memory/remove.js";
import { lendTokens, replaceRefreshToken, saveTokens } from "../cache/memory/write.js";
import { cacheRecord, type CacheRecordInput, type FreshRecord } from "../cache/record.js";
import { storable } from "../cache/storable.js";
import { mergeAccount } from "../cache/merge-account.js";
import type { Change } from "../cache/storage/unsaved.js";
import type { BindingKey } from "../dpop/binding-key.js";
import { clientAuthError } from "../errors/errors.js";
import { isolated } from "../request/request-keys.js";
import { decryptJwt } from "../response/decrypt-jwt.js";
import { decodeIdToken, typedClaims, type IdTokenClaims } from "../response/id-token.js";
import { ID_TOKEN } from "../response/jwt-kind.js";
import { isKeyFailure } from "../response/key-failure.js";
import type { TokenResponse } from "../response/token-response.js";
import { verifyIdToken } from "../response/verify-id-token.js";
import type { AuthenticationResult } from "../result.js";
import { acceptedResult, type Kept } from "./accepted-result.js";
import { requireAskedDetails } from "./asked-details.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";
import { bringsIdTokens, plainUser } from "./plain-user.js";
import { queryOf, requireSameUser } from "./same-user.js";

/** Tokens received from the token endpoint or from a token source. */
export interface AcceptedResponse {
  readonly tokens: TokenResponse;
  /** When the request was sent, in seconds since the epoch. */
  readonly requestedAt: number;
  /** The key that the tokens are bound to. */
  readonly key?: BindingKey | undefined;
}

/**
 * Validates tokens, writes them to the cache as a whole, and builds the result: the second half of a redemption. If a refresh
 * brings an ID token that cannot be verified now, because the provider's keys are missing, or details that were not asked for,
 * only its refresh token is kept, in place of the one that was redeemed.
 */
export async function acceptTokens(
  exchange: Exchange,
  grant: Grant,
  received: AcceptedResponse,
): Promise<AuthenticationResult> {
  if (received.tokens.idToken === undefined) {
    requireNoIdToken(exchange, grant);
    return accept(exchange, grant, received, await plainUser(exchange, grant, received.tokens));
  }
  const response = await decrypted(exchange, received);
  let claims: IdTokenClaims | undefined;
  try {
    claims = await verify(exchange, grant, response.tokens);
  } catch (error) {
    if (isKeyFailure(error)) {
      const { idToken = "" } = response.tokens;
      const unverified = typedClaims(decodeIdToken(idToken, exchange.call.correlationId));
      await keepRefreshToken(exchange, grant, response, unverified);
    }
    throw error;
  }
  return accept(exchange, grant, response, claims);
}

async function accept(
  exchange: Exchange,
  grant: Grant,
  response: AcceptedResponse,
  claims: IdTokenClaims | undefined,
): Promise<AuthenticationResult> {
  const { tokens } = response;
  try {
    requireAskedDetails(exchange, tokens);
  } catch (error) {
    await keepRefreshToken(exchange, grant, response, claims);
    throw error;
  }
  const { client, authority } = exchange;
  if (claims?.tid) client.authorities.learnTenant(authority.url, claims.tid);
  const input = recordInput(exchange, grant, response, claims);
  const record = cacheRecord(input);
  const redeemed = grant.parameters.get("refresh_token");
  const change = (memory: TokenMemory, isLate: boolean): Kept => {
    requireSameUser(memory, exchange, grant, { tokens, claims, record });
    return keep(memory, exchange, grant, { record, received: { at: input.requestedAt, redeemed, isLate } });
  };
  const also = noted(exchange, input, record) ?? lent(exchange, input);
  const startedAt = performance.now();
  const kept = await client.cache.write(record.partition, change, also, exchange.turn);
  exchange.call.tally?.written(startedAt);
  if (response.key) client.dpop.remember(record.accessToken);
  return acceptedResult(exchange, kept, tokens);
}

/** The ID token is cached in its decrypted form: it still has the provider's signature, and must be readable later. */
async function decrypted({ client, call }: Exchange, response: AcceptedResponse): Promise<AcceptedResponse> {
  const { tokens } = response;
  if (tokens.idToken === undefined) return response;
  const idToken = await decryptJwt(tokens.idToken, ID_TOKEN, client, call);
  return idToken === tokens.idToken ? response : { ...response, tokens: { ...tokens, idToken } };
}

function recordInput(
  { client, authority, request, call }: Exchange,
  { owner, scopes }: Grant,
  { tokens, requestedAt, key }: AcceptedResponse,
  claims: IdTokenClaims | undefined,
): CacheRecordInput {
  return {
    response: tokens,
    claims,
    authority,
    clientId: client.clientId,
    owner,
    sentScopes: scopes,
    askedScopes: request.scopes,
    requestedAt,
    defaultLifetime: client.defaultLifetime,
    key,
    bindsRefreshToken: client.isPublic,
    resource: request.resource,
    refreshesOnly: client.separatesResources ? request.resource : undefined,
    components: owner.kind === "user" ? request.components : isolated(request),
    correlationId: call.correlationId,
  };
}

/**
 * Keeps the refresh token of a response whose other tokens are refused although it is the user's: the provider no longer accepts
 * the one that was redeemed. The tokens of another user are refused as a whole.
 */
async function keepRefreshToken(
  exchange: Exchange,
  grant: Grant,
  response: AcceptedResponse,
  claims: IdTokenClaims | undefined,
): Promise<void> {
  const { client, call, turn } = exchange;
  const { tokens } = response;
  const redeemed = grant.parameters.get("refresh_token");
  if (!redeemed || !tokens.refreshToken) return;
  const record = cacheRecord(recordInput(exchange, grant, response, claims));
  const { partition, refreshToken: fresh } = record;
  const change = (memory: TokenMemory): void => {
    requireSameUser(memory, exchange, grant, { tokens, claims, record });
    if (fresh) replaceRefreshToken(memory, partition, redeemed, fresh);
  };
  await client.cache.write(partition, change, undefined, turn);
  client
    .logger()
    .info("The new refresh token is kept, though the other tokens are refused.", call.correlationId);
}

/** A store finds the users of an agent by name in the agent's own partition. */
function noted(
  { client, authority, request }: Exchange,
  { owner }: CacheRecordInput,
  record: FreshRecord,
): Change | undefined {
  if (owner.kind !== "user" || !owner.agent) return undefined;
  const { idToken } = storable(record, request.storeInCache);
  if (!idToken) return undefined;
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
    change: (memory, isLate) => {
      const received = { at: input.requestedAt, isLate };
      lendTokens(memory, kept, authority.cloud.aliases, received);
    },
  };
}

/** Refuses a response without an ID token if a nonce was sent, which the ID token would have to contain. */
function requireNoIdToken({ client, authority, call }: Exchange, { nonce }: Grant): void {
  if (nonce === "unchecked" || nonce.expected === undefined) return;
  // An OAuth server without ID tokens ignores the nonce. The code is bound to the sign-in by PKCE and the state.
  if (!bringsIdTokens(client, authority)) return;
  throw clientAuthError(
    "nonce_mismatch",
    "The response has no ID token, so nothing shows that it belongs to this sign-in: request the scope openid.",
    call,
  );
}

function verify(
  { client, authority, call }: Exchange,
  { nonce, maxAge, subject, signature, hashed }: Grant,
  { idToken = "", accessToken }: TokenResponse,
): Promise<IdTokenClaims> {
  const all = { at_hash: accessToken || undefined, c_hash: hashed?.c_hash, s_hash: hashed?.s_hash };
  const expected = { client, authority, nonce, maxAge, subject, signature, hashed: all };
  return verifyIdToken(idToken, expected, call);
}

/** Writes the record, between the plugin's load and save, and returns the entries for the result. */
function keep(
  memory: TokenMemory,
  exchange: Exchange,
  grant: Grant,
  { record: fresh, received }: { readonly record: FreshRecord; readonly received: Received },
): Kept {
  const { authority, request } = exchange;
  if (grant.owner.kind === "app") {
    const record = storable(fresh, request.storeInCache);
    saveTokens(memory, record, authority.cloud.aliases, received);
    return { record: fresh, known: undefined, knownIdToken: undefined };
  }
  const query = queryOf(exchange, fresh);
  // An on-behalf-of session may previously have belonged to another provider.
  if (grant.owner.kind === "assertion") removeForeign(memory, fresh.partition, query);
  const found = findAccount(memory, query);
  // The session now belongs to another user: nothing of the previous one goes into the new account.
  const isOfAnother = fresh.account && found?.entity.home_account_id !== fresh.account.home_account_id;
  const known = isOfAnother ? undefined : found;
  const account = fresh.account && mergeAccount(fresh.account, known?.entity);
  const record = account ? { ...fresh, account } : fresh;
  const ownerless = grant.owner.kind === "user" && !record.accessToken.home_account_id;
  const signedOut = grant.onlyIfKnown === true && !known;
  if (!ownerless && !signedOut) {
    const save = grant.owner.kind === "user" && grant.owner.onBehalfOf ? lendTokens : saveTokens;
    save(memory, storable(record, request.storeInCache), authority.cloud.aliases, received);
    // A refresh token becomes a bound one, which does not replace it by its key.
    const redeemed = request.scheme && grant.parameters.get("refresh_token");
    if (redeemed && record.refreshToken && record.refreshToken.secret !== redeemed)
      removeRefreshToken(memory, record.partition, redeemed);
  }
  return { record, known, knownIdToken: record.idToken ? undefined : findIdToken(memory, query) };
}
