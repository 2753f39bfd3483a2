import { dialectOf } from "../dialect/dialects.js";
import { OIDC_SCOPES, withScopes } from "../request/scopes.js";
import type { Exchange } from "./exchange.js";

/**
 * Returns the scopes of a user's request: the caller's, those that the provider needs for an ID token and a refresh token,
 * without those that the application or the request leaves out.
 *
 * @param asked the caller's scopes, if they are not all of the request's
 */
export function userScopes(
  exchange: Pick<Exchange, "client" | "authority" | "request">,
  asked = exchange.request.scopes,
): readonly string[] {
  const { client, authority, request } = exchange;
  return withScopes(asked, dialectOf(authority.url).userScopes(authority.metadata), [
    ...client.excludeScopes,
    ...request.excludeScopes,
  ]);
}

/**
 * Returns the scopes of a refresh.
 *
 * @param granted the scopes of the user's tokens, in lower case, if they are known
 */
export function refreshScopes(
  exchange: Pick<Exchange, "client" | "authority" | "request">,
  granted: ReadonlySet<string> | undefined,
): readonly string[] {
  const { client, authority, request } = exchange;
  const dialect = dialectOf(authority.url);
  if (!granted || !dialect.refreshesGrantedScopesOnly) return userScopes(exchange);
  // A refresh must not ask for what was not granted (RFC 6749 §6), and some providers end a session that asks for less.
  const added = OIDC_SCOPES.filter((scope) => granted.has(scope));
  return withScopes(request.scopes, added, [...client.excludeScopes, ...request.excludeScopes]);
}
