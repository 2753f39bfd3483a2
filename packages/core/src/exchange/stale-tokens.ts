import type { AccountInfo } from "../account.js";
import { accountInfo } from "../cache/account-info.js";
import { findTokens } from "../cache/memory/find.js";
import type { CachedTokens } from "../cache/memory/partition.js";
import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { isAuthError } from "../errors/errors.js";
import { waitWithin } from "../flight/deadline.js";
import { mayPass } from "../http/retry-policy.js";
import { FROM_MEMORY } from "../metadata.js";
import type { Miss } from "../request/miss.js";
import { authenticationResult, type AuthenticationResult } from "../result.js";
import type { Send, Wanted } from "./wanted.js";
import { exchangeKey } from "./exchange.js";
import { isUsable } from "./freshness.js";

/**
 * Renews a token that is about to expire or has expired. If that fails, the token is served as long as it can be used, and
 * further calls renew it in the background.
 */
export async function renewedOrStale<W extends Wanted>(
  client: Client,
  wanted: W,
  send: Send<W>,
): Promise<AuthenticationResult> {
  const { failures } = client;
  const key = exchangeKey(wanted.request, wanted);
  if (!failures.isEmpty && failures.last(key)) {
    const tokens = await usableTokens(client, wanted, false);
    if (tokens) {
      startRenewal(client, wanted, send, { miss: "expired", account: tokens.account });
      return staleResult(client, wanted, tokens);
    }
  }
  try {
    const result = await send(client, wanted, "expired");
    client.renewals.noteRecovery(key, wanted.request.correlationId);
    return result;
  } catch (error) {
    if (isAuthError(error) && error.errorCode === "request_aborted") throw error;
    const tokens = await usableTokens(client, wanted, !isRefusal(error)).catch(() => undefined);
    if (!tokens) throw error;
    client.renewals.noteStale(key, error, wanted.request.correlationId);
    return staleResult(client, wanted, tokens, error);
  }
}

/** Renews a token in the background. */
export function startRenewal<W extends Wanted>(
  client: Client,
  wanted: W,
  send: Send<W>,
  { miss, account }: { readonly miss: Miss } & Pick<CachedTokens, "account">,
): void {
  const { request, url } = wanted;
  const user = (): AccountInfo | undefined => account && accountInfo(account, undefined);
  const what = { request, authority: url.href, account: user };
  client.renewals.start(exchangeKey(request, wanted), what, (background) =>
    send(client, { ...wanted, request: background }, miss),
  );
}

/** How long a call may look for a token to serve after the renewal has used up its time, in milliseconds. */
const LAST_LOOK_UP_MS = 250;

async function usableTokens(
  client: Client,
  wanted: Wanted,
  isUnavailable: boolean,
): Promise<CachedTokens | undefined> {
  const { request, query } = wanted;
  const found = client.cache.read(query.partition, (memory) => {
    if (wanted.isServed?.(client, memory, wanted) === false) return undefined;
    const tokens = findTokens(memory, query);
    return tokens && isUsable(tokens.accessToken, epochSeconds(client.clock), isUnavailable)
      ? tokens
      : undefined;
  });
  if (request.timeoutMs === undefined) return waitWithin(request, found);
  // The time may be over by now, but reading a file is worth the moment it takes.
  return waitWithin({ ...request, timeoutMs: LAST_LOOK_UP_MS, startedAt: undefined }, found);
}

function staleResult(
  client: Client,
  { request, url, query }: Wanted,
  tokens: CachedTokens,
  failure?: unknown,
): AuthenticationResult {
  if (query.scheme) client.dpop.remember(tokens.accessToken.entity);
  const { correlationId } = request;
  const result = authenticationResult(tokens, { authority: url.href, correlationId, fromCache: true });
  result.isStale = true;
  result.metadata = {
    ...(isAuthError(failure) && failure.metadata ? failure.metadata : FROM_MEMORY),
    source: "stale",
  };
  return result;
}

/** Whether the provider has answered with a refusal: then it is not unavailable. */
function isRefusal(error: unknown): boolean {
  if (isAuthError(error, "InteractionRequiredAuthError")) return true;
  const status = isAuthError(error, "ServerError") ? (error.status ?? 0) : 0;
  return status >= 400 && !mayPass(status);
}
