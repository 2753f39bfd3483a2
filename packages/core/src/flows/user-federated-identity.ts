import type { AssertionSource } from "../credential/client-credential.js";
import { clientAuthError } from "../errors/errors.js";
import { Parameters } from "../request/parameters.js";
import { withOidcScopes } from "../request/scopes.js";
import type { TokenRequest } from "../request/token-request.js";
import type { AuthenticationResult } from "../result.js";
import { ApiId, CacheOutcome } from "../dialect/entra-telemetry.js";
import type { Client } from "../client/client.js";
import { redeem } from "../exchange/redeem.js";
import { sharedCall } from "../exchange/shared-call.js";

/** Which user an agent acts for, and the instance token that lets it. */
export interface UserFederatedIdentityAsk {
  /** The federated identity credential: an instance token of the agent. */
  readonly assertion: string;
  /** Object id of the user. One of this and `username`. */
  readonly userObjectId?: string | undefined;
  readonly username?: string | undefined;
  /** Proves the client in place of its own credential. */
  readonly clientAssertion?: AssertionSource | undefined;
}

/** A user's token for an agent identity (Entra's `user_fic` grant). Always asks; later tokens come silently. */
export async function userFederatedIdentity(
  client: Client,
  request: TokenRequest,
  ask: UserFederatedIdentityAsk,
): Promise<AuthenticationResult> {
  const { assertion, userObjectId, username, clientAssertion } = ask;
  if (userObjectId && username) {
    throw clientAuthError(
      "conflicting_user_identifiers",
      "userObjectId and username are both given: give one.",
      request,
    );
  }
  if (!userObjectId && !username) {
    throw clientAuthError(
      "missing_user_identifier",
      "Neither userObjectId nor username is given: give one.",
      request,
    );
  }
  if (typeof assertion !== "string" || assertion === "") {
    throw clientAuthError(
      "empty_fic_assertion",
      "assertion is empty or not a string: pass the agent's instance token.",
      request,
    );
  }
  const url = client.authorities.url(request.authorityUrl);
  const scopes = withOidcScopes(request.scopes);
  const key = ["user_fic", url.href, userObjectId, username, assertion, ...scopes].join(" ");
  return sharedCall(client, request, key, async (call) => {
    const authority = await client.authorities.resolve(url, call);
    return redeem(
      client,
      authority,
      request,
      {
        apiId: ApiId.userFederatedIdentity,
        cacheOutcome: CacheOutcome.notApplicable,
        scopes,
        parameters: new Parameters()
          .set("scope", scopes.join(" "))
          .set("grant_type", "user_fic")
          .set("user_federated_identity_credential", assertion)
          .set("username", username)
          .set("user_id", userObjectId),
        owner: { kind: "user" },
        nonce: "unchecked",
        throttleKey: key,
        authentication: { assertion: clientAssertion },
      },
      call,
    );
  });
}
