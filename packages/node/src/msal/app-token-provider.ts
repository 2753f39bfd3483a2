import type { TokenSource } from "@tessera/core/internal";

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

/** MSAL's app token provider as a source of tokens. */
export function sourceOf(provider: AppTokenProvider): TokenSource {
  return {
    async token({ correlationId, tenantId, scopes, claims }) {
      const result = await provider({
        correlationId,
        tenantId,
        scopes: [...scopes],
        ...(claims ? { claims } : {}),
      });
      const { accessToken, expiresInSeconds, refreshInSeconds }: Partial<AppTokenProviderResult> =
        result ?? {};
      return {
        accessToken: accessToken ?? "",
        expiresIn: expiresInSeconds ?? 0,
        refreshIn: refreshInSeconds,
      };
    },
  };
}
