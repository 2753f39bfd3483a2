import type { Client } from "../client/client.js";
import type { AssertionSource } from "../credential/assertion-source.js";
import { ApiId } from "../dialect/entra-telemetry.js";
import { clientAuthError } from "../errors/errors.js";
import { sharedExchange } from "../exchange/exchange.js";
import type { Grant } from "../exchange/grant.js";
import { redeem } from "../exchange/redeem.js";
import { userScopes } from "../exchange/user-scopes.js";
import { Parameters } from "../request/parameters.js";
import { emptyChoice } from "../request/request-keys.js";
import { tokenRequest, type BaseRequest, type TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";

/** Request for a user's token for an agent identity. */
export interface UserFederatedIdentityInput extends BaseRequest {
  readonly scopes: readonly string[];
  /** The federated identity credential: the agent's instance token. */
  readonly assertion: string;
  /** Object id of the user. Set either this or `username`. */
  readonly userObjectId?: string;
  /** User name. Set either this or `userObjectId`. */
  readonly username?: string;
  /** Authenticates the client in place of its own credential. */
  readonly clientAssertion?: AssertionSource;
}

/**
 * Acquires a user's token for an agent identity (Entra's `user_fic` grant). Always sends a request; later tokens are
 * acquired silently.
 *
 * @throws ClientAuthError `empty_fic_assertion`, `missing_user_identifier`, `conflicting_user_identifiers`
 * @example
 * ```ts
 * const exchange = { scopes: ["api://AzureADTokenExchange/.default"] };
 * const { accessToken: assertion } = await clientCredentials(agentClient, exchange);
 * const user = { scopes: ["User.Read"], assertion, username: "alice@contoso.example" };
 * const { account } = await userFederatedIdentity(agentClient, user);
 * ```
 */
export async function userFederatedIdentity(
  client: Client,
  input: UserFederatedIdentityInput,
): Promise<AuthenticationResult> {
  const request = tokenRequest(client, input, true);
  checkInput(request);
  const url = client.authorities.url(request.authorityUrl);
  return sharedExchange(client, request, { url, flow: ["user_fic"] }, (exchange) =>
    redeem(exchange, userGrant(userScopes(exchange), request.given)),
  );
}

/** Returns the grant for the tokens of a user that an agent acts as. @param scopes those to send */
export function userGrant(
  scopes: readonly string[],
  { assertion, userObjectId, username, clientAssertion }: Omit<UserFederatedIdentityInput, "scopes">,
): Grant {
  return {
    apiId: ApiId.userFederatedIdentity,
    scopes,
    parameters: new Parameters()
      .set("scope", scopes.join(" "))
      .set("grant_type", "user_fic")
      .set("user_federated_identity_credential", assertion)
      .set("username", username)
      .set("user_id", userObjectId),
    owner: { kind: "user" },
    nonce: "unchecked",
    throttleKey: ["user_fic", userObjectId, username, assertion, ...scopes].join(" "),
    authentication: { assertion: clientAssertion },
  };
}

function checkInput(request: TokenRequest<UserFederatedIdentityInput>): void {
  const { assertion, userObjectId, username } = request.given;
  if (username === "") throw emptyChoice("username", request.correlationId);
  if (userObjectId && username) {
    throw clientAuthError(
      "conflicting_user_identifiers",
      "userObjectId and username are both set: set only one.",
      request,
    );
  }
  if (!userObjectId && !username) {
    throw clientAuthError(
      "missing_user_identifier",
      "Neither userObjectId nor username is set: set one of them.",
      request,
    );
  }
  if (typeof assertion === "string" && assertion !== "") return;
  throw clientAuthError(
    "empty_fic_assertion",
    "assertion is empty or not a string: pass the agent's instance token.",
    request,
  );
}
