import type { TokenSource } from "@tessera/core/internal";

/** Parameters of an app token provider. */
export interface AppTokenProviderParameters {
  readonly correlationId?: string;
  readonly tenantId: string;
  readonly scopes: string[];
  /** Claims challenge, as JSON. */
  readonly claims?: string;
  /** Aborts when no call waits for the token any more, or its time (`system.callTimeoutMs`) is over. */
  readonly signal?: AbortSignal;
}

/** Result of an app token provider. */
export interface AppTokenProviderResult {
  accessToken: string;
  /** Seconds until the token expires. */
  expiresInSeconds: number;
  /** Seconds until it should be renewed. */
  refreshInSeconds?: number;
}

/**
 * Gets app tokens from another source, such as a managed identity or a vault. Called only when the cache has no fresh
 * token.
 */
export type AppTokenProvider = (parameters: AppTokenProviderParameters) => Promise<AppTokenProviderResult>;

/** Adapts MSAL's app token provider to a token source. */
export function sourceOf(provider: AppTokenProvider): TokenSource {
  return {
    async token({ correlationId, tenantId, scopes, claims, signal }) {
      const result = await provider({
        correlationId,
        tenantId,
        scopes: [...scopes],
        ...(claims ? { claims } : {}),
        ...(signal ? { signal } : {}),
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
