import { isHeaderValue } from "../http/header-value.js";
import { lifetimeSeconds } from "../response/seconds.js";
import type { TokenResponse } from "../response/token-response.js";
import { clientAuthError } from "../errors/errors.js";
import { epochSeconds } from "../clock.js";
import type { Exchange } from "./exchange.js";
import type { AcceptedResponse } from "./accept-tokens.js";

/** Gets app tokens from a source other than the token endpoint, such as a managed identity or a vault. */
export interface TokenSource {
  /** Called only when the cache has no fresh token. */
  token(wanted: SourceRequest): Promise<SourcedToken>;
}

/** The request passed to a {@link TokenSource}. */
export interface SourceRequest {
  readonly correlationId: string;
  /** Tenant in the authority; `""` for an OpenID Provider. */
  readonly tenantId: string;
  readonly scopes: readonly string[];
  /** Claims challenge, as JSON. */
  readonly claims?: string;
  readonly signal?: AbortSignal | undefined;
}

/** A token and its lifetime. */
export interface SourcedToken {
  readonly accessToken: string;
  /** Seconds until the token expires. */
  readonly expiresIn: number;
  /** Seconds until it should be renewed. */
  readonly refreshIn?: number | undefined;
}

/** Gets a token from a source, to be accepted like a response of the token endpoint. */
export async function tokensFrom(
  source: TokenSource,
  { client, authority, request, call }: Exchange,
  scopes: readonly string[],
): Promise<AcceptedResponse> {
  const { correlationId, claims } = request;
  const requestedAt = epochSeconds(client.clock);
  const { accessToken, expiresIn, refreshIn } = await source.token({
    correlationId,
    tenantId: authority.url.tenant,
    scopes,
    signal: call.signal,
    ...(claims ? { claims: JSON.stringify(claims) } : {}),
  });
  const lifetime = lifetimeSeconds(expiresIn);
  if (typeof accessToken !== "string" || accessToken === "" || !isHeaderValue(accessToken) || !lifetime) {
    throw clientAuthError(
      "invalid_token_response",
      "The app token provider returned no usable accessToken or expiresInSeconds: return the token as a string, and its lifetime as a positive number of seconds.",
      { correlationId },
    );
  }
  const tokens: TokenResponse = {
    accessToken,
    tokenType: "Bearer",
    expiresIn: lifetime,
    refreshIn: lifetimeSeconds(refreshIn) || undefined,
  };
  return { tokens, requestedAt };
}
