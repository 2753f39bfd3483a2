import type { AccountInfo } from "../account.js";
import { clientAuthError } from "../errors/errors.js";
import { accountOfSession } from "../exchange/session-tokens.js";
import { boundedCall } from "../exchange/accounted.js";
import { secureEndpoint } from "../http/secure-url.js";
import { Parameters, withQuery } from "../request/parameters.js";
import { checkFieldTypes } from "../request/field-types.js";
import { checkedRedirectUri } from "../request/redirect-uri.js";
import { tokenRequest, type BaseRequest } from "../request/token-request.js";
import { authorityOf, requireAccountOf } from "../flows/account-authority.js";
import { instanceAware } from "../flows/instance-aware.js";
import type { Client } from "../client/client.js";

/** Request for the URL that ends a user's session. */
export interface EndSessionInput extends Pick<
  BaseRequest,
  "authority" | "correlationId" | "extraQueryParameters" | "signal" | "timeoutMs"
> {
  /** The user to sign out: provides the ID token and the login hint. */
  readonly account?: AccountInfo;
  /** Key of the session that was signed in with it: provides its ID token, if no account is passed. */
  readonly sessionKey?: string;
  /** ID token of the session; defaults to the account's. */
  readonly idTokenHint?: string;
  /** URL to redirect to afterwards: one of those registered for the app. */
  readonly postLogoutRedirectUri?: string;
  /** Returned with the redirect. */
  readonly state?: string;
  /** Login hint of the user; defaults to the account's `login_hint`. */
  readonly logoutHint?: string;
}

/**
 * Returns the URL that ends the user's session at the identity provider (OpenID Connect RP-Initiated Logout 1.0 §2).
 *
 * @throws ClientAuthError `end_session_endpoint_not_supported` when the provider does not publish an endpoint;
 * ClientConfigurationError `authority_mismatch` for an account of another provider
 * @example
 * ```ts
 * const url = await endSessionUrl(client, { account, postLogoutRedirectUri: "http://localhost:3000/" });
 * ```
 */
export async function endSessionUrl(client: Client, input: EndSessionInput = {}): Promise<string> {
  const request = tokenRequest(client, input);
  const { account: given, postLogoutRedirectUri, state, idTokenHint, logoutHint } = request.given;
  const { correlationId } = request;
  checkFieldTypes(request.given, correlationId);
  const redirectUri =
    postLogoutRedirectUri === undefined
      ? undefined
      : checkedRedirectUri(postLogoutRedirectUri, correlationId, "postLogoutRedirectUri");
  return boundedCall(client, request, async (call) => {
    // The account's ID token and login hint are sent only to the provider that issued them.
    const url = given ? authorityOf(client, request, given) : client.authorities.url(request.authorityUrl);
    const { metadata } = await client.authorities.resolve(url, call);
    await requireAccountOf(client, { ...request, authorityUrl: url.href }, given);
    const { sessionKey } = request.given;
    const account = given ?? (sessionKey ? await accountOfSession(client, url, sessionKey) : undefined);
    const endpoint = metadata["end_session_endpoint"];
    if (typeof endpoint !== "string") {
      throw clientAuthError(
        "end_session_endpoint_not_supported",
        "The provider has no end_session_endpoint: remove the user from the cache with signOut(); the provider's session continues.",
        request,
      );
    }
    const query = new Parameters()
      .set("client_id", client.clientId)
      .set("id_token_hint", idTokenHint ?? account?.idToken)
      .set("logout_hint", logoutHint ?? account?.loginHint ?? loginHintOf(account))
      .set("post_logout_redirect_uri", redirectUri)
      .set("state", state)
      .set("instance_aware", instanceAware(client, url, request))
      .addMissing(request.extraQueryParameters);
    return withQuery(secureEndpoint(endpoint, "end_session_endpoint", url.href).href, query.toString());
  });
}

function loginHintOf(account: AccountInfo | undefined): string | undefined {
  const hint = account?.idTokenClaims?.["login_hint"];
  return typeof hint === "string" ? hint : undefined;
}
