import type { Authority } from "../authority/authority.js";
import type { Region } from "../authority/region.js";
import { accountKey, accessTokenKey, idTokenKey } from "../cache/keys.js";
import type { Entry } from "../cache/partition.js";
import type { CacheRecord } from "../cache/partitioned-cache.js";
import { cacheRecord, mergeAccount, storable, type TokenOwner } from "../cache/record.js";
import { epochSeconds } from "../clock.js";
import type { AuthenticationAsk } from "../credential/client-credential.js";
import { AuthError, clientAuthError } from "../errors/errors.js";
import type { HttpResponse } from "../http/http-client.js";
import type { Call } from "../http/transport.js";
import { mergeClaims } from "../request/claims.js";
import { Parameters, withQuery } from "../request/parameters.js";
import type { TokenRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import type { IdTokenClaims } from "../response/id-token.js";
import { parseTokenResponse, type TokenResponse } from "../response/token-response.js";
import { verifyIdToken, type IdTokenExpectations } from "../response/verify-id-token.js";
import { addLibraryInfo, type ApiId, type CacheOutcome } from "../telemetry.js";
import type { Client } from "./client.js";

/** What one grant adds to the common token request, and how its answer is kept. One file in `flows/` makes one of these. */
export interface Grant {
  readonly apiId: ApiId;
  readonly cacheOutcome: CacheOutcome;
  /** Scopes to send. */
  readonly scopes: readonly string[];
  /** The grant's own parameters, in the order they are sent. */
  readonly parameters: Parameters;
  readonly owner: TokenOwner;
  /** The nonce the ID token must carry; `"unchecked"` where no authorization request was made. */
  readonly nonce: IdTokenExpectations["nonce"];
  /** Seconds since the user last proved who they are, at most. */
  readonly maxAge?: number | undefined;
  /** The subject the ID token must have. */
  readonly subject?: string | undefined;
  /** Equal for requests a server may want to be spared together: grant, user and scopes. */
  readonly throttleKey: string;
  /** What the token is bound to beside its scopes. */
  readonly components?: Readonly<Record<string, string>> | undefined;
  /** The region the request goes to. */
  readonly region?: Region | undefined;
  /** What this request proves the client with, if not with its own credential. */
  readonly authentication?: AuthenticationAsk;
  /** Extra headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Write to the cache only if the user is still in it: a refresh must not bring back who signed out meanwhile. */
  readonly onlyIfKnown?: boolean;
}

/**
 * Exchanges a grant for tokens: authenticates the client, sends the request, validates the answer, writes it to the
 * cache whole, and makes the result. The cache is untouched when anything fails.
 */
export async function redeem(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  call: Call,
): Promise<AuthenticationResult> {
  const throttleKey = `${authority.metadata.token_endpoint} ${grant.throttleKey}`;
  client.throttle.check(throttleKey);
  const requestedAt = epochSeconds(client.clock);
  const response = await sendTokenRequest(client, authority, request, grant, call);
  let tokens: TokenResponse;
  try {
    tokens = parseTokenResponse(response, call.correlationId);
  } catch (error) {
    client.throttle.note(throttleKey, response, error as Error);
    if (!isPending(error)) client.telemetry.noteFailure(grant.apiId, call.correlationId, error);
    throw error;
  }
  return acceptTokens(client, authority, request, grant, { tokens, requestedAt }, call);
}

/** Validates tokens, writes them to the cache whole, and makes the result. The second half of {@link redeem}. */
export async function acceptTokens(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  { tokens, requestedAt }: { readonly tokens: TokenResponse; readonly requestedAt: number },
  call: Call,
): Promise<AuthenticationResult> {
  const claims = tokens.idToken ? await verify(client, authority, grant, tokens.idToken, call) : undefined;
  const record = cacheRecord({
    response: tokens,
    claims,
    authority,
    clientId: client.clientId,
    owner: grant.owner,
    requestedScopes: grant.scopes,
    requestedAt,
    resource: request.resource,
    components: grant.components,
    correlationId: call.correlationId,
  });
  checkUser(grant.owner, record, { authority, tokens, claims }, call);
  const kept = await client.tokenCache.write(record.partition, () =>
    keep(client, authority, request, grant, record),
  );
  return resultOf(kept, authority, tokens, call);
}

async function sendTokenRequest(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  call: Call,
): Promise<HttpResponse> {
  const entra = authority.url.kind !== "oidc";
  const proof = await client.authenticate(authority, grant.authentication);
  const body = new Parameters().set("client_id", client.clientId).setAll(grant.parameters);
  if (entra) {
    addLibraryInfo(body, client.library, true);
    client.telemetry.addTo(body, grant.apiId, grant.cacheOutcome, grant.region);
    if (grant.owner.kind !== "app") body.set("client_info", "1");
  }
  body.setAll(proof.parameters);
  const entraDefaults = entra && grant.owner.kind === "user";
  body.set(
    "claims",
    mergeClaims({
      claims: request.claims,
      claimsFromClient: request.claimsFromClient?.claims,
      capabilities: client.capabilities,
      entraDefaults,
    }),
  );
  body.addMissing(request.extraParameters);

  const query = new Parameters().addMissing(request.extraQueryParameters);
  if (entra) query.set("client-request-id", call.correlationId);
  const url = withQuery(proof.tokenEndpoint ?? authority.metadata.token_endpoint, query.toString());
  const headers = { ...grant.headers, ...proof.headers };
  const response = await client.transport.post(url, { body: body.toString(), headers, tls: proof.tls }, call);
  client.telemetry.reset(response.status);
  return response;
}

function verify(
  client: Client,
  authority: Authority,
  grant: Grant,
  idToken: string,
  call: Call,
): Promise<IdTokenClaims> {
  const { clientId, clock, keys, secret, idTokenAlgorithm: algorithm } = client;
  const { nonce, maxAge, subject } = grant;
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
  owner: TokenOwner,
  record: CacheRecord,
  { authority, tokens, claims }: Answer,
  call: Call,
): void {
  const known = owner.kind === "user" ? owner.account : undefined;
  if (!known) return;
  // Entra says with `client_info` who the user is at home; elsewhere the subject is the user.
  const { kind } = authority.url;
  const bySubject = (kind === "oidc" || kind === "adfs") && claims !== undefined && !tokens.clientInfo;
  const isSame = bySubject
    ? claims.sub === (known.idTokenClaims?.sub ?? known.homeAccountId)
    : !tokens.clientInfo || record.accessToken?.home_account_id === known.homeAccountId;
  if (isSame) return;
  throw clientAuthError(
    "invalid_id_token",
    "The refreshed tokens belong to another user than the account.",
    call,
  );
}

/** Writes the record, inside the plugin's load and save, and returns the entries the result is made of. */
function keep(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  grant: Grant,
  fresh: CacheRecord,
): Kept {
  const environments = authority.cloud.aliases;
  const known = client.cache.findAccount(fresh.partition, environments);
  const account = fresh.account && mergeAccount(fresh.account, known?.entity);
  const record = { ...fresh, ...(account ? { account } : {}) };
  const ownerless = grant.owner.kind === "user" && !record.accessToken?.home_account_id;
  const signedOut = grant.onlyIfKnown === true && !known;
  if (!ownerless && !signedOut) client.cache.save(storable(record, request.storeInCache), environments);
  const { partition } = record;
  const realms = [(record.accessToken?.realm ?? "").toLowerCase()];
  const idToken = client.cache.findIdToken({ partition, clientId: client.clientId, environments, realms });
  return { record, known, knownIdToken: idToken };
}

/** What was written, and what was known of the user: a refresh need not repeat it. */
interface Kept {
  readonly record: CacheRecord;
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
  if (!accessToken) throw clientAuthError("invalid_token_response", "access_token is missing.", call);
  return authenticationResult(
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
}

/** A user who has not signed in yet (RFC 8628 §3.5) is no failure to report. */
function isPending(error: unknown): boolean {
  return error instanceof AuthError && error.errorCode === "authorization_pending";
}
