import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import type { AuthorityUrl } from "../authority/authority-url.js";
import { MULTI_TENANT_SEGMENTS } from "../authority/clouds.js";
import { isGuid } from "../authority/issuer.js";
import { issuerOf } from "../cache/account-provider.js";
import { userPartition } from "../cache/memory/partition-key.js";
import type { AccessTokenQuery } from "../cache/memory/partitioned-cache.js";
import { epochSeconds } from "../clock.js";
import { AuthError, clientAuthError, interactionRequiredError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";
import type { TokenRequest } from "../request/token-request.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";
import { authorityOf, providerOf, requireProvider } from "./account-authority.js";
import type { Client } from "../client/client.js";
import { freshness } from "../exchange/freshness.js";
import { componentsOf } from "../exchange/grant.js";
import { redeemRefreshToken } from "./refresh-token.js";
import { sharedCall } from "../exchange/shared-call.js";

/** A refresh token this close to its end, in seconds, is not tried. */
const REFRESH_TOKEN_MARGIN_SECONDS = 300;

/** What is asked for silently. */
export interface Silent {
  readonly account: AccountInfo;
  readonly forceRefresh: boolean;
  /** Seconds before its end at which a refresh token counts as expired. */
  readonly refreshTokenMargin?: number | undefined;
  /** Redirect URI to send along. */
  readonly redirectUri?: string | undefined;
}

/**
 * A user's token without the user: from the cache, else with the refresh token, in one request however many callers ask
 * at once.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found`, `refresh_token_expired`, or as the server says
 */
export function silent(
  client: Client,
  request: TokenRequest,
  ask: Silent,
): AuthenticationResult | Promise<AuthenticationResult> {
  const { account } = ask;
  if (!account || typeof account.homeAccountId !== "string" || account.homeAccountId === "") {
    throw clientAuthError(
      "no_account_in_silent_request",
      "account is missing: pass one from getAllAccounts() or from an earlier result.",
      request,
    );
  }
  const url = authorityOf(client, request, account);
  if (ask.forceRefresh || request.claims) {
    return refresh(client, request, url, ask, CacheOutcome.forcedOrClaims);
  }
  if (!client.tokenCache.immediate) return silentThroughStore(client, request, url, ask);
  const found = cached(client, request, url, ask);
  client.cache.countLookup(typeof found === "object");
  return typeof found === "object" ? found : refresh(client, request, url, ask, found);
}

async function silentThroughStore(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  ask: Silent,
): Promise<AuthenticationResult> {
  const partition = userPartition(ask.account.homeAccountId);
  const found = await client.tokenCache.read(partition, () => cached(client, request, url, ask));
  client.cache.countLookup(typeof found === "object");
  return typeof found === "object" ? found : refresh(client, request, url, ask, found);
}

/** @param renewing why the token is being renewed at this moment, if it is */
function cached(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  ask: Silent,
  renewing?: CacheOutcome,
): AuthenticationResult | CacheOutcome {
  const query = tokenQuery(client, request, url, ask.account);
  // What is untold is looked for in the cache only when an answer is not remembered.
  if (!query.untold || client.authorities.isShared(url.host)) {
    requireProvider(client, request, url, ask.account);
  }
  const tokens = query.environments.has(ask.account.environment) ? client.cache.findTokens(query) : undefined;
  if (!tokens || (request.resource && tokens.accessToken.entity.resource !== request.resource)) {
    return CacheOutcome.noToken;
  }
  const state = freshness(tokens.accessToken, epochSeconds(client.clock));
  if (state === "stale") return CacheOutcome.expired;
  if (state === "due") {
    if (renewing === CacheOutcome.proactive) return renewing;
    client.renewals.start(flightKey(request, url, ask), request, (background) =>
      refresh(client, background, url, ask, CacheOutcome.proactive),
    );
  }
  client.telemetry.countHit();
  const { correlationId } = request;
  return authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
}

function refresh(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  ask: Silent,
  outcome: CacheOutcome,
): Promise<AuthenticationResult> {
  if (client.tokenCache.immediate) requireProvider(client, request, url, ask.account);
  const partition = userPartition(ask.account.homeAccountId);
  const key = flightKey(request, url, ask);
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    // Only now all names of the host are known.
    authorityOf(client, { ...request, authorityUrl: url.href, authorityIsExplicit: true }, ask.account);
    const renew = async (): Promise<AuthenticationResult> => {
      // Another application or process may have renewed the token while this one waited for its turn; and resolving the
      // authority may have taught other names of its host.
      if (outcome !== CacheOutcome.forcedOrClaims) {
        const again = await client.tokenCache.read(partition, () =>
          cached(client, request, url, ask, outcome),
        );
        if (typeof again === "object") return again;
      }
      return refreshWithCachedToken(client, authority, request, ask, outcome, call);
    };
    return client.tokenCache.refreshing(partition, renew, call.signal);
  });
}

function flightKey(request: TokenRequest, url: AuthorityUrl, ask: Silent): string {
  const scopes = [...request.scopes].sort();
  const { homeAccountId, tenantId, environment, authorityType } = ask.account;
  const { redirectUri, refreshTokenMargin } = ask;
  const rest = [request.attributeTokens, redirectUri, refreshTokenMargin, ...scopes];
  // Another provider's account of this id is another user.
  const user = [homeAccountId, tenantId, environment, authorityType, issuerOf(ask.account)];
  return ["silent", url.href, ...user, request.authorityIsExplicit, ...rest].join(" ");
}

/**
 * Tries the refresh tokens that may serve: for an app known to be in a family the family's first, for others the app's
 * own. When one is refused, the store is read once more: a sibling may have renewed it meanwhile.
 */
async function refreshWithCachedToken(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  ask: Silent,
  cacheOutcome: CacheOutcome,
  call: Call,
): Promise<AuthenticationResult> {
  const partition = userPartition(ask.account.homeAccountId);
  const environments = client.authorities.aliasesOf(authority.url.host);
  const inFamily = client.cache.familyOf(client.clientId, environments) !== undefined;
  const refused = new Set<string>();
  let failure: AuthError | undefined;
  for (const family of [inFamily, !inFamily]) {
    for (;;) {
      const token = await client.tokenCache.read(partition, () => {
        requireProvider(client, request, authority.url, ask.account);
        return client.cache.findRefreshToken(tokenQuery(client, request, authority.url, ask.account), family);
      });
      const refreshToken = token?.entity.secret;
      if (!refreshToken || refused.has(refreshToken)) break;
      assertNotExpired(client, token.entity.expires_on, ask, call);
      const refresh = {
        account: ask.account,
        redirectUri: ask.redirectUri,
        refreshToken,
        forceCache: false,
        apiId: ApiId.silent,
        cacheOutcome,
      };
      try {
        return await redeemRefreshToken(client, authority, request, refresh, call);
      } catch (error) {
        if (
          !(error instanceof AuthError) ||
          (error.errorCode !== "invalid_grant" && error.errorCode !== "bad_token")
        )
          throw error;
        failure = error;
        refused.add(refreshToken);
        if (error.subError === "bad_token" || error.errorCode === "bad_token") {
          await client.tokenCache.write(partition, () =>
            client.cache.removeRefreshToken(partition, refreshToken),
          );
        }
      }
    }
    // A family's token may not serve this client after all; then its own may.
    if (failure && failure.subError !== "client_mismatch") throw failure;
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
  throw interactionRequiredError(
    "refresh_token_expired",
    "The refresh token has expired: let the user sign in.",
    call,
  );
}

function tokenQuery(
  client: Client,
  request: TokenRequest,
  url: AuthorityUrl,
  account: AccountInfo,
): AccessTokenQuery {
  const { kind, issuer, untold } = providerOf(request, url, account);
  return {
    partition: userPartition(account.homeAccountId),
    clientId: client.clientId,
    environments: client.authorities.aliasesOf(url.host),
    kind,
    issuer,
    untold,
    realms: realms(request, url, account),
    scopes: request.scopes,
    components: componentsOf(request),
  };
}

/** The account's tenant, unless the request itself names another one by its id. */
function realms(request: TokenRequest, url: AuthorityUrl, account: AccountInfo): readonly string[] {
  if (url.kind === "oidc" || url.kind === "adfs") return [url.realm];
  const tenant = (account.tenantId ?? "").toLowerCase();
  if (request.authorityIsExplicit && isGuid(url.tenant)) return [url.tenant];
  if (tenant === "" || !MULTI_TENANT_SEGMENTS.has(url.tenant)) return [tenant || url.tenant];
  // Other libraries keep the tokens of the home tenant under the name the authority gives it.
  const home = account.homeAccountId.split(".")[1];
  return tenant === home?.toLowerCase() ? [tenant, url.tenant] : [tenant];
}
