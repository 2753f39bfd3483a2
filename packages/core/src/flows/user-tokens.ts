import type { AccountInfo } from "../account.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { findRefreshToken, findTokens, type AccessTokenQuery } from "../cache/memory/find.js";
import { userPartition } from "../cache/memory/partition-key.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import type { Client } from "../client/client.js";
import { clientAuthError } from "../errors/errors.js";
import type { Wanted } from "../exchange/cache-first.js";
import { freshHits, type FreshHits } from "../exchange/fresh-hits.js";
import { isQuestion, questionIn, repeatedHit } from "../exchange/repeated-hit.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { providerOf, realmsOf, requireProvider, tenantAuthorityOf } from "./account-authority.js";

/** Request for a token of a signed-in user. */
export interface SilentInput extends BaseRequest {
  /** The user whose token is requested. */
  readonly account: AccountInfo;
  /** Skip the cache and renew the token. */
  readonly forceRefresh?: boolean;
  /**
   * Seconds before its expiry from which a refresh token counts as expired; 300 by default, or half of a shorter
   * lifetime.
   */
  readonly refreshTokenExpirationOffsetSeconds?: number;
  /** Redirect URI of the registration, for the broker. A confidential client sends it to the provider. */
  readonly redirectUri?: string;
}

type SilentRequest = TokenRequest<SilentInput>;

/** The token of a user to look for. The look-up, the token request and the cache write use the same realm. */
export type WantedOfUser = Wanted<SilentRequest>;

/** Equal calls are for the same account, which names its provider. */
const FLOW = ["silent"];

export function wantedByUser(client: Client, request: SilentRequest): WantedOfUser {
  const { account } = request.given;
  const url = tenantAuthorityOf(client, request, account);
  const query = tokenQuery(client, request, url, account);
  const question = questionIn(client, request.given);
  return {
    request,
    url,
    flow: FLOW,
    query,
    question,
    isServed: isServedHere,
    renewsEarly: true,
    isRenewable,
  };
}

function isRenewable(memory: TokenMemory, { query }: WantedOfUser): boolean {
  return [false, true].some((ofFamily) => findRefreshToken(memory, query, ofFamily));
}

/**
 * For Entra, the hosts decide. If the account does not name its provider, what is cached shows whether it belongs to
 * the authority.
 */
function isServedHere(client: Client, memory: TokenMemory, { request, url, query }: WantedOfUser): boolean {
  const { account } = request.given;
  if (query.hostOnly ? client.authorities.isShared(url.host) : query.issuer !== undefined)
    requireProvider(client, memory, { request, url, account });
  return client.authorities.isAlias(url.host, account.environment);
}

/**
 * Returns what finds a user's token in memory if it is fresh, for programs that make the same request with each call.
 *
 * @throws ClientConfigurationError, ClientAuthError as `silent`
 */
export function freshUserTokens(client: Client, input: SilentInput): FreshHits {
  const request = silentRequest(client, input);
  return freshHits(client, () => {
    const wanted = wantedByUser(client, request);
    return {
      url: wanted.url,
      find: (memory) => (isServedHere(client, memory, wanted) ? findTokens(memory, wanted.query) : undefined),
    };
  });
}

/** Returns the token of a request that is like an earlier one, if it is fresh and in memory. */
export function repeatedUserToken(client: Client, input: SilentInput): AuthenticationResult | undefined {
  const id: unknown = input?.account?.homeAccountId;
  if (typeof id !== "string" || !isQuestion(input)) return undefined;
  return repeatedHit(client, userPartition(id), input);
}

/** Checks a request for a user's token. */
export function silentRequest(client: Client, input: SilentInput): SilentRequest {
  const request = tokenRequest(client, input);
  const { account } = request.given;
  if (!account || typeof account.homeAccountId !== "string" || account.homeAccountId === "") {
    throw clientAuthError(
      "no_account_in_silent_request",
      "account is missing: pass one from getAllAccounts() or from an earlier result.",
      request,
    );
  }
  return request;
}

function tokenQuery(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  account: AccountInfo,
): AccessTokenQuery {
  const { kind, issuer, hostOnly } = providerOf({ request, url, account });
  return {
    partition: userPartition(account.homeAccountId),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    kind,
    issuer,
    hostOnly,
    realms: realmsOf(client, { request, url, account }),
    scopes: request.scopes,
    scheme: request.scheme,
    resource: request.resource,
    refreshesOnly: client.separatesResources ? request.resource : undefined,
    components: request.components,
  };
}
