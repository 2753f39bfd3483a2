import {
  familyOf,
  findRefreshToken,
  grantedScopes,
  tenantOfDomain,
  writtenAt,
} from "../cache/memory/find.js";
import { removeRefreshToken } from "../cache/memory/remove.js";
import type { TokenMemory } from "../cache/memory/token-memory.js";
import { storeUnavailable } from "../cache/storage/ask-store.js";
import type { Client } from "../client/client.js";
import { epochSeconds } from "../clock.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { interactionRequiredError, isAuthError, type AuthError } from "../errors/errors.js";
import { cacheFirst } from "../exchange/cache-first.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { marginOf } from "../exchange/freshness.js";
import { refreshInTurn } from "../exchange/in-turn.js";
import { begun, waitWithin } from "../flight/deadline.js";
import type { Budget } from "../http/budget.js";
import type { Call } from "../http/transport.js";
import type { Miss } from "../request/miss.js";
import type { AuthenticationResult } from "../result.js";
import { authorityOf, isOfUnknownTenant, requireProvider } from "./account-authority.js";
import {
  silentRequest,
  repeatedUserToken,
  wantedByUser,
  type SilentInput,
  type WantedOfUser,
} from "./user-tokens.js";
import { NOT_RENEWABLE, noToken, REFUSED } from "./sign-in-again.js";
import { redeemRefreshToken } from "./refresh-token.js";

/**
 * Returns a user's token without interaction, from the cache or with the refresh token, in one request for all
 * concurrent callers.
 *
 * @throws InteractionRequiredAuthError `no_tokens_found` (also for an account of another provider),
 * `refresh_token_expired`, or the server's error
 * @throws ClientAuthError `cache_store_unavailable` for a user whom memory does not know while the store is away
 * @example
 * ```ts
 * const { accessToken } = await silent(client, { scopes: ["User.Read"], account });
 * ```
 */
export async function silent(client: Client, input: SilentInput): Promise<AuthenticationResult> {
  return silentNow(client, input);
}

/**
 * Does the same as {@link silent}, for callers that are asynchronous themselves: a cache hit is returned without another
 * promise, which would take a twentieth of its time, and errors are thrown synchronously.
 */
export function silentNow(
  client: Client,
  input: SilentInput,
  budget?: Budget,
): AuthenticationResult | Promise<AuthenticationResult> {
  const repeated = repeatedUserToken(client, input);
  if (repeated) return repeated;
  const checked = silentRequest(client, input);
  const request = budget ? { ...checked, budget } : checked;
  const wanted = wantedByUser(client, request);
  if (isOfUnknownTenant(client, wanted.url)) return inLearnedTenant(client, wanted);
  return fromCacheOrServer(client, wanted);
}

function fromCacheOrServer(
  client: Client,
  wanted: WantedOfUser,
): AuthenticationResult | Promise<AuthenticationResult> {
  const { request } = wanted;
  return request.given.forceRefresh || request.claims
    ? refresh(client, wanted, "forced")
    : cacheFirst(client, wanted, refresh);
}

/** Takes the id of a tenant that the authority names by its domain from the cached tokens that came from there. */
async function inLearnedTenant(client: Client, wanted: WantedOfUser): Promise<AuthenticationResult> {
  const { url, query } = wanted;
  const request = begun(wanted.request);
  const domain = (memory: TokenMemory): string | undefined => tenantOfDomain(memory, query, url.tenant);
  const id = await waitWithin(wanted.request, client.cache.read(query.partition, domain));
  if (id === undefined) return fromCacheOrServer(client, { ...wanted, request });
  client.authorities.learnTenant(url, id);
  return fromCacheOrServer(client, wantedByUser(client, request));
}

async function refresh(client: Client, wanted: WantedOfUser, miss: Miss): Promise<AuthenticationResult> {
  const { request, url } = wanted;
  const { account } = request.given;
  // Refuse before sending, if this can be decided without loading the cache.
  client.cache.readNow((memory) => requireProvider(client, memory, { request, url, account }));
  return sharedExchange(client, request, wanted, (exchange) => {
    // All aliases of the host are known only after resolution, and they affect the look-up.
    const inAuthority = { ...request, authorityUrl: url.href, authorityIsExplicit: true };
    authorityOf(client, inAuthority, account);
    const again = wantedByUser(client, request);
    return refreshInTurn(exchange, again, miss, (inTurn) => redeemCached(inTurn, again, miss));
  });
}

/**
 * Tries the refresh tokens that may work: the family's first for an app known to be in a family, otherwise the app's
 * own. If one is refused, the cache is read again, because another process may have renewed it.
 */
async function redeemCached(
  exchange: Exchange,
  { request, url, query }: WantedOfUser,
  miss: Miss,
): Promise<AuthenticationResult> {
  const { client, call } = exchange;
  const { partition } = query;
  const input = request.given;
  const { account } = input;
  const [realm] = query.realms;
  let order: readonly boolean[] | undefined;
  let granted: ReadonlySet<string> = new Set();
  const refused = new Set<string>();
  let failure: AuthError | undefined;
  let isAway = false;
  for (const turn of [0, 1]) {
    for (;;) {
      const found = await client.cache.read(partition, (memory) => {
        requireProvider(client, memory, { request, url, account });
        isAway = client.cache.storeIsAway;
        order ??= familyOf(memory, client.clientId, query.environments) ? [true, false] : [false, true];
        granted = grantedScopes(memory, query);
        const token = findRefreshToken(memory, query, order[turn] ?? false);
        return token && { ...token.entity, written_at: writtenAt(memory, partition, token) };
      });
      const refreshToken = found?.secret;
      if (!refreshToken || refused.has(refreshToken)) break;
      assertNotExpired(client, found, input, call);
      const redirectUri = redirectUriOf(client, input);
      try {
        const apiId = ApiId.silent;
        const onBehalfOf = found.on_behalf_of;
        const key = found.key_id === undefined ? undefined : await client.dpop.keyOf(found);
        const refresh = { account, realm, redirectUri, refreshToken, granted, apiId, miss, onBehalfOf };
        return await redeemRefreshToken(exchange, { ...refresh, key });
      } catch (error) {
        if (!isAuthError(error) || (error.errorCode !== "invalid_grant" && error.errorCode !== "bad_token"))
          throw error;
        failure = error;
        refused.add(refreshToken);
        if (error.subError === "bad_token" || error.errorCode === "bad_token")
          await client.cache.write(partition, (memory) =>
            removeRefreshToken(memory, partition, refreshToken),
          );
      }
    }
    // A family refresh token may be refused for this client, while its own works.
    if (failure && failure.subError !== "client_mismatch") throw failure;
  }
  if (!failure && isAway) throw storeUnavailable(call);
  const why = failure ? REFUSED : granted.size > 0 ? NOT_RENEWABLE : noToken(client);
  const context = { correlationId: call.correlationId, cause: failure };
  throw interactionRequiredError("no_tokens_found", why, context);
}

function assertNotExpired(
  client: Client,
  token: { readonly expires_on?: string; readonly written_at: number },
  { refreshTokenExpirationOffsetSeconds: asked }: SilentInput,
  call: Call,
): void {
  if (!token.expires_on) return;
  const expiresOn = Number(token.expires_on);
  if (epochSeconds(client.clock) + marginOf(expiresOn - token.written_at, asked) <= expiresOn) return;
  throw interactionRequiredError(
    "refresh_token_expired",
    "The refresh token has expired: let the user sign in.",
    call,
  );
}

/** Returns the redirect URI to send. A public client's is for the broker. */
function redirectUriOf(client: Client, { redirectUri }: SilentInput): string | undefined {
  return client.isPublic ? undefined : redirectUri;
}
