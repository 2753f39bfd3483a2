import { isHeaderValue } from "../http/header-value.js";
import type { Call } from "../http/transport.js";
import { lifetimeSeconds } from "../response/seconds.js";
import type { TokenResponse } from "../response/token-response.js";
import { clientAuthError } from "../errors/errors.js";
import { epochSeconds } from "../clock.js";
import { withinCallTime } from "../http/within-call-time.js";
import type { Exchange } from "./exchange.js";
import type { AcceptedResponse } from "./accept-tokens.js";

/** Gets app tokens from a source other than the token endpoint, such as a managed identity or a vault. */
export interface TokenSource {
  /** Called only when the cache has no fresh token. */
  token(wanted: SourceRequest): Promise<SourcedToken>;
  /** Equal for sources that return the same tokens, so that their concurrent calls share one request. */
  readonly sharedAs?: unknown;
  /** Whether it ends by itself, as its host prescribes; otherwise the time of the call ends the wait for it. */
  readonly hasOwnTime?: boolean;
}

/** The request passed to a {@link TokenSource}. */
export interface SourceRequest extends Pick<Call, "correlationId" | "signal" | "tally"> {
  /** Tenant in the authority; `""` for an OpenID Provider. */
  readonly tenantId: string;
  readonly scopes: readonly string[];
  /** Claims challenge, as JSON. */
  readonly claims?: string;
  /** Seconds since the epoch: the lifetimes of the token count from this time. */
  readonly requestedAt: number;
  /** Returns the cached token, if the claims challenge says that an API no longer accepts it. */
  revokedToken(): Promise<string | undefined>;
}

/** A token and its lifetime. */
export interface SourcedToken {
  readonly accessToken: string;
  /** Seconds until the token expires. */
  readonly expiresIn: number;
  /** Seconds until it should be renewed. */
  readonly refreshIn?: number | undefined;
  /** Granted scopes, if they are not the requested ones. */
  readonly scope?: string | undefined;
}

/** What a source is asked for, besides the fields of the request. */
export interface Asked extends Pick<SourceRequest, "scopes" | "revokedToken"> {
  readonly source: TokenSource;
}

/** Gets a token from a source, to be accepted like a response of the token endpoint. */
export async function tokensFrom(
  { client, authority, request, call }: Exchange,
  { source, scopes, revokedToken }: Asked,
): Promise<AcceptedResponse> {
  const { correlationId, claims } = request;
  const requestedAt = epochSeconds(client.clock);
  call.onAsk?.();
  const sourced = (signal: AbortSignal | undefined): Promise<SourcedToken> =>
    source.token({
      correlationId,
      tenantId: authority.url.tenant,
      scopes,
      signal,
      tally: call.tally,
      requestedAt,
      revokedToken,
      ...(claims ? { claims: JSON.stringify(claims) } : {}),
    });
  const { accessToken, expiresIn, refreshIn, scope } = await (source.hasOwnTime
    ? sourced(call.signal)
    : withinCallTime(call, "app token", sourced));
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
    scope,
  };
  return { tokens, requestedAt };
}
