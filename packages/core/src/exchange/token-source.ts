import { isObject } from "../encoding.js";
import { clientAuthError } from "../errors/errors.js";
import { isHeaderValue } from "../http/header-value.js";
import type { TokenRequest } from "../request/token-request.js";
import { lifetimeSeconds } from "../response/seconds.js";
import type { TokenResponse } from "../response/token-response.js";

/** What an app token provider is told. */
export interface AppTokenProviderParameters {
  readonly correlationId?: string;
  readonly tenantId: string;
  readonly scopes: string[];
  /** Claims challenge, JSON text. */
  readonly claims?: string;
}

/** What an app token provider returns. */
export interface AppTokenProviderResult {
  accessToken: string;
  /** Seconds until the token expires. */
  expiresInSeconds: number;
  /** Seconds until it should be renewed. */
  refreshInSeconds?: number;
}

/** Gets app tokens from somewhere else: a managed identity, a vault. Called only when the cache has none. */
export type AppTokenProvider = (parameters: AppTokenProviderParameters) => Promise<AppTokenProviderResult>;

/** A provider's token, as if the token endpoint had answered with it. */
export async function providedTokens(
  provider: AppTokenProvider,
  ask: { readonly request: TokenRequest; readonly scopes: readonly string[]; readonly tenantId: string },
): Promise<TokenResponse> {
  const { correlationId, claims } = ask.request;
  const provided: unknown = await provider({
    correlationId,
    tenantId: ask.tenantId,
    scopes: [...ask.scopes],
    ...(claims ? { claims: JSON.stringify(claims) } : {}),
  });
  const { accessToken, expiresInSeconds, refreshInSeconds } = isObject(provided) ? provided : {};
  const expiresIn = lifetimeSeconds(expiresInSeconds);
  if (typeof accessToken !== "string" || accessToken === "" || !isHeaderValue(accessToken) || !expiresIn) {
    throw clientAuthError(
      "invalid_token_response",
      "The app token provider returned no usable accessToken or expiresInSeconds: return the token as a string, and its lifetime as a positive number of seconds.",
      { correlationId },
    );
  }
  return {
    accessToken,
    tokenType: "Bearer",
    expiresIn,
    extExpiresIn: 0,
    refreshIn: lifetimeSeconds(refreshInSeconds) || undefined,
    refreshToken: undefined,
    refreshTokenExpiresIn: undefined,
    idToken: undefined,
    clientInfo: undefined,
    scope: undefined,
    foci: undefined,
    spaCode: undefined,
    spaAccountId: undefined,
    requestId: "",
  };
}
