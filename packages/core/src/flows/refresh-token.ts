import type { AccountInfo } from "../account.js";
import type { Authority } from "../authority/authority.js";
import { userPartition } from "../cache/memory/partition-key.js";
import { headerValue } from "../http/header-value.js";
import type { Call } from "../http/transport.js";
import { Parameters } from "../request/parameters.js";
import { withOidcScopes } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";
import type { Client } from "../client/client.js";
import { redeem } from "../exchange/redeem.js";
import { sharedCall } from "../exchange/shared-call.js";

/** A refresh token and whose it is. */
export interface Refresh {
  readonly refreshToken: string;
  /** The user whose token it is; unknown for one that is imported. */
  readonly account?: AccountInfo;
  readonly redirectUri?: string | undefined;
  /** Whose token it is, as the app says of one that is imported. */
  readonly ccsCredential?: CcsCredential | undefined;
  /** Keep the tokens even if their user is not in the cache. */
  readonly forceCache: boolean;
  readonly apiId: ApiId;
  readonly cacheOutcome: CacheOutcome;
}

/** Who a request is for: a home account id or a user name. */
export interface CcsCredential {
  readonly credential: string;
  readonly type: "home_account_id" | "UPN";
}

/** Tokens for a refresh token the app brings along (RFC 6749 §6), to migrate from another library. */
export function importRefreshToken(
  client: Client,
  request: TokenRequest,
  refresh: Pick<Refresh, "refreshToken" | "redirectUri" | "forceCache" | "ccsCredential">,
): Promise<AuthenticationResult> {
  const url = client.authorities.url(request.authorityUrl);
  const { refreshToken, redirectUri, forceCache, ccsCredential: user } = refresh;
  const rest = [redirectUri, forceCache, user?.type, user?.credential, ...request.scopes];
  const key = ["refresh_token", url.href, refreshToken, ...rest].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    const source = { apiId: ApiId.refreshToken, cacheOutcome: CacheOutcome.notApplicable };
    return redeemRefreshToken(client, authority, request, { ...refresh, ...source }, call);
  });
}

/** Redeems a refresh token once. */
export function redeemRefreshToken(
  client: Client,
  authority: Authority,
  request: TokenRequest,
  refresh: Refresh,
  call: Call,
): Promise<AuthenticationResult> {
  const { account, refreshToken, redirectUri } = refresh;
  const scopes = refreshScopes(client, authority, request.scopes, account);
  return redeem(
    client,
    authority,
    request,
    {
      apiId: refresh.apiId,
      cacheOutcome: refresh.cacheOutcome,
      scopes,
      parameters: new Parameters()
        .set("redirect_uri", redirectUri)
        .set("scope", scopes.join(" "))
        .set("resource", request.resource)
        .set("grant_type", "refresh_token")
        .set("refresh_token", refreshToken),
      owner: account ? { kind: "user", account } : { kind: "user" },
      nonce: "unchecked",
      throttleKey: ["refresh_token", account?.homeAccountId ?? refreshToken, ...scopes].join(" "),
      headers: account
        ? anchorMailbox(account.homeAccountId, authority)
        : ccsHeader(refresh.ccsCredential, authority),
      onlyIfKnown: !refresh.forceCache,
    },
    call,
  );
}

/**
 * A refresh must not ask for what was not granted (RFC 6749 §6). Entra takes the usual scopes at any time; of other
 * providers only those are asked for that the user's tokens have, beside what the caller wants.
 */
function refreshScopes(
  client: Client,
  authority: Authority,
  scopes: readonly string[],
  account: AccountInfo | undefined,
): readonly string[] {
  if (authority.url.kind !== "oidc" || !account) return withOidcScopes(scopes);
  const partition = userPartition(account.homeAccountId);
  const granted = client.cache.grantedScopes(partition, client.clientId, authority.cloud.aliases);
  const usual = withOidcScopes(scopes).filter((scope) => !scopes.includes(scope) && granted.has(scope));
  return [...scopes, ...usual];
}

/** An id that a header can carry; longer ones are not an id of Entra's. */
const HEADER_ID = /^[\x21-\x7e]{1,256}$/;

/** Routes the request to the data centre that knows the user (`Oid:{uid}@{utid}`); Entra only, and only ids a header can carry. */
export function anchorMailbox(homeAccountId: string, authority: Authority): Readonly<Record<string, string>> {
  if (authority.url.kind === "oidc" || !HEADER_ID.test(homeAccountId)) return {};
  const [uid, utid] = homeAccountId.split(".");
  return uid && utid ? { "X-AnchorMailbox": `Oid:${uid}@${utid}` } : {};
}

/** The same, from what the app says of the user. */
export function ccsHeader(
  user: CcsCredential | undefined,
  authority: Authority,
): Readonly<Record<string, string>> {
  if (!user || authority.url.kind === "oidc") return {};
  return user.type === "UPN" ? upnAnchor(user.credential) : anchorMailbox(user.credential, authority);
}

/** The same, from a user name. */
export function upnAnchor(username: string): Readonly<Record<string, string>> {
  return { "X-AnchorMailbox": `UPN: ${headerValue(username)}` };
}
