import type { Client } from "../client/client.js";
import { anchorHeaders } from "../dialect/anchor-headers.js";
import { dialectOf } from "../dialect/dialects.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { clientAuthError } from "../errors/errors.js";
import { sharedExchange, type Exchange } from "../exchange/exchange.js";
import { redeem } from "../exchange/redeem.js";
import { userScopes } from "../exchange/user-scopes.js";
import { Parameters } from "../request/parameters.js";
import { emptyChoice } from "../request/request-keys.js";
import { tokenRequest, type BaseRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { findEndpoint } from "./ws-trust/metadata.js";
import { requestSecurityToken } from "./ws-trust/security-token.js";
import { ticketFor, usersOwnName, type SystemTickets, type TicketSource } from "./ws-trust/ticket.js";
import { discoverFederation } from "./ws-trust/user-realm.js";
import { MODERN_WAY, windowsAuthError } from "./ws-trust/windows-auth-error.js";

/** Request for the tokens of the user who has signed in to the domain. */
export interface IntegratedWindowsAuthInput extends BaseRequest {
  /**
   * The user principal name. Defaults to the principal of the system's ticket if that is one; required otherwise, and with
   * `negotiate`.
   */
  readonly username?: string;
  /** Brings the Kerberos ticket; by default, the operating system does. */
  readonly negotiate?: TicketSource;
}

/**
 * Acquires tokens with the Kerberos ticket of a federated user (RFC 4559): the federation server takes the ticket, and Entra
 * the server's assertion (RFC 7522). Always sends requests; later tokens are acquired silently.
 *
 * @param system the operating system's tickets
 * @throws ClientAuthError `integrated_windows_authentication_failed`, `integrated_windows_auth_not_supported_managed_user`,
 * `missing_user_identifier`, `user_realm_discovery_failed`, `federation_error`
 */
export async function integratedWindowsAuth(
  client: Client,
  input: IntegratedWindowsAuthInput,
  system: SystemTickets,
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input);
  const { given, correlationId } = request;
  if (given.username === "") throw emptyChoice("username", correlationId);
  if (given.negotiate && given.username === undefined) {
    throw clientAuthError(
      "missing_user_identifier",
      "username is not set, and a negotiate function does not tell whose ticket it brings: pass the user principal name.",
      request,
    );
  }
  const url = client.authorities.url(request.authorityUrl);
  return sharedExchange(client, request, { url, flow: ["integrated_windows"] }, async (exchange) => {
    const { authority, call } = exchange;
    const dialect = dialectOf(url);
    if (!dialect.federatesUsers(authority)) {
      throw windowsAuthError(
        `${url.href} has no federated users`,
        "Use a tenant of Entra (https://login.microsoftonline.com/{tenant}), or organizations, as the authority",
        call,
      );
    }
    const username = given.username ?? (await usersOwnName(system, call));
    const assertion = await federatedAssertion(exchange, username, given.negotiate ?? system.ticket);
    const scopes = userScopes(exchange);
    return redeem(exchange, {
      apiId: ApiId.integratedWindowsAuth,
      scopes,
      parameters: new Parameters().set("scope", scopes.join(" ")).setAll(assertion),
      owner: { kind: "user" },
      nonce: "unchecked",
      throttleKey: ["integrated_windows", username, ...scopes].join(" "),
      headers: anchorHeaders(dialect, { type: "UPN", credential: username }),
    });
  });
}

/** Returns the grant with the assertion of the user's federation server. */
async function federatedAssertion(
  { client, authority: { url: authority }, call }: Exchange,
  username: string,
  source: TicketSource,
): Promise<Parameters> {
  const federation = await discoverFederation(client, { authority, username, proof: "ticket" }, call);
  if (!federation) {
    throw clientAuthError(
      "integrated_windows_auth_not_supported_managed_user",
      `Entra itself verifies this user, and takes no Kerberos ticket: integrated Windows authentication is for users of a federated domain. ${MODERN_WAY}.`,
      call,
    );
  }
  const { metadataUrl: url, audience } = federation;
  const endpoint = await findEndpoint(client, { url, authority, proof: "ticket" }, call);
  const channelBinding = client.transport.channelBinding(endpoint.url);
  const ticket = await ticketFor(source, { url: endpoint.url, channelBinding }, call);
  // What fails before is not the provider's: the user may get a ticket, and try again at once.
  call.onAsk?.();
  return requestSecurityToken(client, endpoint, { audience, proof: { ticket } }, call);
}
