import { clientAuthError } from "../errors/errors.js";
import type { TokenRequest } from "../request/token-request.js";
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
  const { accessToken, expiresInSeconds, refreshInSeconds } = await provider({
    correlationId,
    tenantId: ask.tenantId,
    scopes: [...ask.scopes],
    ...(claims ? { claims: JSON.stringify(claims) } : {}),
  });
  if (typeof accessToken !== "string" || accessToken === "" || !(expiresInSeconds > 0)) {
    throw clientAuthError(
      "invalid_token_response",
      "The app token provider returned no accessToken, or no expiresInSeconds: both are needed.",
      { correlationId },
    );
  }
  return {
    accessToken,
    tokenType: "Bearer",
    expiresIn: Math.floor(expiresInSeconds),
    extExpiresIn: 0,
    refreshIn: refreshInSeconds ? Math.floor(refreshInSeconds) : undefined,
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
