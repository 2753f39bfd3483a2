import type { AccountInfo } from "../account.js";
import type { Client } from "../client/client.js";
import type { AnchorUser } from "../dialect/dialect.js";
import type { BindingKey } from "../dpop/binding-key.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { redeem } from "../exchange/redeem.js";
import { refreshScopes } from "../exchange/user-scopes.js";
import { anchorHeaders } from "../dialect/anchor-headers.js";
import type { Miss } from "../request/miss.js";
import { Parameters } from "../request/parameters.js";
import { requiredText, tokenRequest, type BaseRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** Request to import a refresh token. */
export interface RefreshTokenInput extends BaseRequest {
  /** A refresh token from another library. */
  readonly refreshToken: string;
  /** Redirect URI to send, if the provider requires one. */
  readonly redirectUri?: string;
  /** Cache the tokens even if the user is not in the cache yet. */
  readonly forceCache?: boolean;
  /** The user of the refresh token: routes the request. */
  readonly ccsCredential?: AnchorUser;
}

/**
 * Redeems a refresh token from another library (RFC 6749 §6), to migrate its users.
 *
 * @throws ServerError, InteractionRequiredAuthError for an error response
 * @example
 * ```ts
 * const { account } = await importRefreshToken(client, { scopes: ["User.Read"], refreshToken, forceCache: true });
 * ```
 */
export async function importRefreshToken(
  client: Client,
  input: RefreshTokenInput,
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  const remedy = "pass the refresh token to import.";
  const { redirectUri, forceCache, ccsCredential, ...given } = request.given;
  const refreshToken = requiredText(given.refreshToken, "refreshToken", remedy, request.correlationId);
  const url = client.authorities.url(request.authorityUrl);
  return sharedExchange(client, request, { url, flow: ["refresh_token"] }, (exchange) =>
    redeemRefreshToken(exchange, {
      refreshToken,
      redirectUri,
      user: ccsCredential,
      forceCache,
      apiId: ApiId.refreshToken,
    }),
  );
}

/** A refresh token and its user. */
export interface Refresh {
  readonly refreshToken: string;
  /** The user of the token; unknown for an imported one. */
  readonly account?: AccountInfo;
  /** The realm that the tokens are requested for. */
  readonly realm?: string | undefined;
  /** The scopes, in lower case, that the user has granted, according to the cache. */
  readonly granted?: ReadonlySet<string>;
  readonly redirectUri?: string | undefined;
  /** The user of an imported token, according to the app. */
  readonly user?: AnchorUser | undefined;
  /** The refresh token stems from an assertion, not from a sign-in. */
  readonly onBehalfOf?: boolean | undefined;
  /** Cache the tokens even if their user is not in the cache. */
  readonly forceCache?: boolean | undefined;
  /** The key that the token is bound to. */
  readonly key?: BindingKey | undefined;
  readonly apiId: ApiId;
  readonly miss?: Miss;
}

/** Redeems a refresh token once. */
export async function redeemRefreshToken(
  exchange: Exchange,
  { account, refreshToken, ...refresh }: Refresh,
): Promise<AuthenticationResult> {
  const scopes = refreshScopes(exchange, account && refresh.granted);
  const user = account
    ? { type: "home_account_id" as const, credential: account.homeAccountId }
    : refresh.user;
  return redeem(exchange, {
    apiId: refresh.apiId,
    ...(refresh.miss ? { miss: refresh.miss } : {}),
    scopes,
    parameters: new Parameters()
      .set("redirect_uri", refresh.redirectUri)
      .set("scope", scopes.join(" "))
      .set("grant_type", "refresh_token")
      .set("refresh_token", refreshToken),
    owner: account
      ? { kind: "user", account, realm: refresh.realm, onBehalfOf: refresh.onBehalfOf }
      : { kind: "user" },
    nonce: "unchecked",
    throttleKey: ["refresh_token", account?.homeAccountId ?? refreshToken, ...scopes].join(" "),
    headers: anchorHeaders(dialectOf(exchange.authority.url), user),
    key: refresh.key,
    onlyIfKnown: !refresh.forceCache,
  });
}
