import type { AuthorityUrl } from "../authority/authority-url.js";
import type { Client } from "../client/client.js";
import { anchorHeaders } from "../dialect/anchor-headers.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { clientConfigurationError, isAuthError } from "../errors/errors.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { redeem } from "../exchange/redeem.js";
import { userScopes } from "../exchange/user-scopes.js";
import { Parameters } from "../request/parameters.js";
import { requiredText, tokenRequest, type BaseRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { findEndpoint, type WsTrustEndpoint } from "./ws-trust/metadata.js";
import { requestSecurityToken } from "./ws-trust/security-token.js";
import { discoverFederation, type Federation } from "./ws-trust/user-realm.js";

/** Request for a user's tokens with user name and password. */
export interface UsernamePasswordInput extends BaseRequest {
  readonly username: string;
  readonly password: string;
  /** Auth0: the connection whose users are asked (password-realm grant). */
  readonly realm?: string;
}

/**
 * Acquires tokens with a user name and password (RFC 6749 §4.3). For tests only. A federated user's password is sent
 * to the federation server (WS-Trust), and that server's assertion to Entra (RFC 7522).
 *
 * @throws ServerError, InteractionRequiredAuthError for an error response
 * @example
 * ```ts
 * const { account } = await usernamePassword(client, { scopes: ["User.Read"], username, password });
 * ```
 */
export async function usernamePassword(
  client: Client,
  input: UsernamePasswordInput,
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  const { correlationId, given } = request;
  const username = requiredText(given.username, "username", "pass the user's name.", correlationId);
  const password = requiredText(given.password, "password", "pass the user's password.", correlationId);
  const url = client.authorities.url(request.authorityUrl);
  const dialect = dialectOf(url);
  const { realm } = given;
  if (realm && !dialect.passwordRealmGrantType) {
    const text = "realm chooses a connection of Auth0, which this provider does not have: omit it.";
    throw clientConfigurationError("invalid_option", text, request);
  }
  return sharedExchange(client, request, { url, flow: ["password"] }, async (exchange) => {
    exchange.call.onAsk?.();
    const federation = dialect.federatesUsers(exchange.authority)
      ? await discoverFederation(client, { authority: url, username, proof: "password" }, exchange.call)
      : undefined;
    const scopes = userScopes(exchange);
    const parameters = new Parameters().set("scope", scopes.join(" "));
    if (federation) {
      const endpoint = await endpointOf(exchange, federation, url);
      const { audience } = federation;
      const ask = { audience, proof: { username, password } };
      parameters.setAll(await requestSecurityToken(client, endpoint, ask, exchange.call));
    } else {
      parameters
        .set("username", username)
        .set("password", password)
        .set("response_type", dialect.passwordResponseType)
        .set("realm", realm)
        .set("grant_type", (realm && dialect.passwordRealmGrantType) || "password");
    }
    return redeem(exchange, {
      apiId: ApiId.usernamePassword,
      scopes,
      parameters,
      owner: { kind: "user" },
      nonce: "unchecked",
      throttleKey: ["password", realm, username, ...scopes].join(" "),
      headers: anchorHeaders(dialect, { type: "UPN", credential: username }),
    });
  });
}

/**
 * Returns the endpoint in the metadata or, if the metadata cannot be read, the one Entra names, which uses WS-Trust
 * 2005.
 */
async function endpointOf(
  { client, call }: Exchange,
  { metadataUrl, activeAuthUrl }: Federation,
  authority: AuthorityUrl,
): Promise<WsTrustEndpoint> {
  const known: WsTrustEndpoint = { url: activeAuthUrl, version: "2005" };
  if (!metadataUrl && activeAuthUrl) return known;
  try {
    return await findEndpoint(client, { url: metadataUrl, authority, proof: "password" }, call);
  } catch (error) {
    // Metadata that names an endpoint which must not receive a password is an error, not unreadable metadata.
    const unreadable = isAuthError(error) && UNREADABLE.has(error.errorCode);
    if (!activeAuthUrl || !unreadable) throw error;
    return known;
  }
}

const UNREADABLE: ReadonlySet<string> = new Set(["federation_error", "network_error"]);
