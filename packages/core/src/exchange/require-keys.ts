import { dialectOf } from "../dialect/dialects.js";
import { isAuthError } from "../errors/errors.js";
import { jwtHeader } from "../response/id-token.js";
import { ID_TOKEN } from "../response/jwt-kind.js";
import { allowedAlgorithms } from "../response/verify-jwt.js";
import type { Exchange } from "./exchange.js";
import type { Grant } from "./grant.js";

/**
 * Ensures that the provider's keys are in memory before a grant is redeemed that brings an ID token. A code, and a
 * refresh token that is rotated, can be redeemed only once.
 *
 * @returns `undefined` if there is nothing to wait for
 * @throws ClientAuthError when the keys cannot be fetched; nothing has been redeemed
 */
export function requireKeys(
  exchange: Exchange,
  { owner, scopes }: Pick<Grant, "owner" | "scopes">,
): Promise<void> | undefined {
  const { client, authority, call } = exchange;
  const account = owner.kind === "user" ? owner.account : undefined;
  const bringsIdToken = owner.kind !== "app" && (scopes.includes("openid") || account !== undefined);
  const dialect = dialectOf(authority.url);
  if (!bringsIdToken || dialect.tlsVouches || !dialect.issuesIdTokens(authority.metadata)) return undefined;
  if (client.keys.has(authority, call)) return undefined;
  const allowed = allowedAlgorithms({ kind: ID_TOKEN, client, authority });
  const last = account?.idToken ? jwtHeader(account.idToken)["alg"] : undefined;
  const likely = typeof last === "string" && allowed.includes(last) ? [last] : allowed;
  return likely.every((alg) => alg === "HS256") ? undefined : fetched(exchange, likely);
}

async function fetched({ client, authority, call }: Exchange, likely: readonly string[]): Promise<void> {
  try {
    await client.keys.require(authority, call);
  } catch (error) {
    // An MCP server may publish an OpenID document without being a provider: then there are no keys, and no ID tokens.
    const hasNone = isAuthError(error) && error.errorCode === "invalid_id_token" && !error.isRetryable;
    if (client.requiresPkceSupport && hasNone) return;
    // The ID token may be signed with the client's secret: a provider that always does so publishes no keys.
    if (!likely.includes("HS256") || call.signal?.aborted) throw error;
  }
}
