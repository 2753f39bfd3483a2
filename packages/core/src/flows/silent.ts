import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { isGuid } from "../authority/issuer.js";
import { userPartition, type TokenQuery } from "../cache/partitioned-cache.js";
import { epochSeconds } from "../clock.js";
import { AuthError, clientAuthError, interactionRequiredError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import type { TokenRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../telemetry.js";
import type { Client } from "./client.js";
import { freshness } from "./freshness.js";
import { redeemRefreshToken } from "./refresh-token.js";
import { sharedCall } from "./shared-call.js";

/** A refresh token this close to its end, in seconds, is not tried. */
const REFRESH_TOKEN_MARGIN_SECONDS = 300;

/** What is asked for silently. */
export interface Silent {
  readonly account: AccountInfo;
  readonly forceRefresh: boolean;
  /** Seconds before its end at which a refresh token counts as expired. */
  readonly refreshTokenMargin?: number | undefined;
}

/**
 * A user's token without the user: from the cache, else with the refresh token, in one request however many callers ask
 * at once.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found`, `refresh_token_expired`, or as the server says
 */
export async function silent(client: Client, request: TokenRequest, ask: Silent): Promise<AuthenticationResult> {
  const { account } = ask;
  if (!account || typeof account.homeAccountId !== "string" || account.homeAccountId === "") {
    throw clientAuthError(
      "no_account_in_silent_request",
      "account is missing: pass one from getAllAccounts() or from an earlier result.",
      request,
    );
  }
  const url = client.authorities.url(request.authorityUrl);
  if (ask.forceRefresh || request.claims) return refresh(client, request, url, ask, CacheOutcome.forcedOrClaims);

  const look = (): AuthenticationResult | CacheOutcome => cached(client, request, url, ask);
  const found = client.tokenCache.persistence ? await client.tokenCache.read(look) : look();
  return typeof found === "object" ? found : refresh(client, request, url, ask, found);
}

function cached(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  ask: Silent,
): AuthenticationResult | CacheOutcome {
  const tokens = client.cache.findTokens({ ...tokenQuery(client, request, url, ask.account), scopes: request.scopes });
  if (!tokens || (request.resource && tokens.accessToken.entity.resource !== request.resource)) {
    return CacheOutcome.noToken;
  }
  const state = freshness(tokens.accessToken, epochSeconds(client.clock));
  if (state === "stale") return CacheOutcome.expired;
  if (state === "due") renewInBackground(client, request, url, ask);
  client.telemetry.countHit();
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}

function renewInBackground(client: Client, request: TokenRequest, url: AuthorityUrl, ask: Silent): void {
  const background = { ...request, signal: undefined, timeoutMs: undefined };
  refresh(client, background, url, ask, CacheOutcome.proactive).catch((error: unknown) => {
    client
      .logger()
      .warning(`The token in the cache stays in use, renewing it failed: ${String(error)}`, request.correlationId);
  });
}

function refresh(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  ask: Silent,
  outcome: CacheOutcome,
): Promise<AuthenticationResult> {
  const { homeAccountId, tenantId } = ask.account;
  const key = ["silent", url.href, homeAccountId, tenantId, ...request.scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    // Resolving may have taught other names of the host, and another process may have renewed the token meanwhile.
    if (outcome === CacheOutcome.noToken || outcome === CacheOutcome.expired) {
      const again = await client.tokenCache.read(() => cached(client, request, url, ask));
      if (typeof again === "object") return again;
    }
    return refreshWithCachedToken(client, authority, request, ask, outcome, call);
  });
}

/** Tries the refresh tokens that may serve, the likelier first: the family's for an app known to be in one, else its own. */
async function refreshWithCachedToken(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  ask: Silent,
  cacheOutcome: CacheOutcome,
  call: Call,
): Promise<AuthenticationResult> {
  const query = tokenQuery(client, request, authority.url, ask.account);
  const inFamily = client.cache.familyOf(client.clientId, query.environments) !== undefined;
  let failure: unknown;
  for (const family of [inFamily, !inFamily]) {
    const tried = new Set<string>();
    for (;;) {
      const token = await client.tokenCache.read(() => client.cache.findRefreshToken(query, family));
      // A token that was refused is tried again only if the store holds another one by now: a sibling has rotated it.
      if (!token || tried.has(token.entity.secret)) break;
      tried.add(token.entity.secret);
      assertNotExpired(client, token.entity.expires_on, ask, call);
      const source = { forceCache: false, apiId: ApiId.silent, cacheOutcome };
      try {
        const refreshToken = token.entity.secret;
        return await redeemRefreshToken(client, authority, request, { account: ask.account, refreshToken, ...source }, call);
      } catch (error) {
        failure = error;
        if (!(error instanceof AuthError)) throw error;
        if (error.subError === "bad_token") {
          await client.tokenCache.write(() => client.cache.removeRefreshToken(query.partition, token.entity.secret));
        }
        if (error.errorCode !== "invalid_grant") throw error;
      }
    }
    if (failure instanceof AuthError && failure.subError !== "client_mismatch") throw failure;
  }
  throw interactionRequiredError(
    "no_tokens_found",
    "There is no token in the cache for this account and client: let the user sign in.",
    { correlationId: call.correlationId, cause: failure },
  );
}

function assertNotExpired(client: Client, expiresOn: string | undefined, ask: Silent, call: Call): void {
  const margin = ask.refreshTokenMargin ?? REFRESH_TOKEN_MARGIN_SECONDS;
  if (!expiresOn || epochSeconds(client.clock) + margin <= Number(expiresOn)) return;
  throw interactionRequiredError("refresh_token_expired", "The refresh token has expired: let the user sign in.", call);
}

function tokenQuery(client: Client, request: TokenRequest, url: AuthorityUrl, account: AccountInfo): TokenQuery {
  return {
    partition: userPartition(account.homeAccountId),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    realms: realms(request, url, account),
  };
}

/** The account's tenant, unless the request itself names another one by its id. */
function realms(request: TokenRequest, url: AuthorityUrl, account: AccountInfo): readonly string[] {
  const tenant = (account.tenantId ?? "").toLowerCase();
  if (url.kind === "oidc") {
    const path = url.segments.join("/").toLowerCase();
    return tenant === "" || tenant === path ? [path] : [path, tenant];
  }
  if (request.authorityIsExplicit && isGuid(url.tenant)) return [url.tenant];
  return [tenant || url.tenant];
}
