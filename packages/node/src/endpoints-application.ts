import { endSessionUrl } from "@tessera/core";
import {
  revoke,
  userInfo,
  validateFrontChannelLogout,
  validateLogoutToken,
  type ProviderLogout,
  type UserInfo,
} from "@tessera/core/internal";
import { Application } from "./application.js";
import { diagnosticsOf, type Diagnostics } from "./diagnostics.js";
import type {
  EndSessionRequest,
  RevocationRequest,
  UserInfoRequest,
  FrontChannelLogoutRequest,
  LogoutTokenRequest,
} from "./requests.js";

/**
 * Base class of public and confidential clients: the provider's endpoints that serve tokens and sessions after a sign-in.
 * {@link ClientApplication} adds token acquisition.
 */
export abstract class EndpointsApplication extends Application {
  /**
   * Closes the application's connections when the last requests are answered, and renewals in the background and tokens of
   * callers that have left are saved, unless another application uses them too. A later request opens new ones. Call it
   * before `process.exit()`.
   *
   * @example
   * ```ts
   * await app.close();
   * ```
   */
  close(): Promise<void> {
    return this.closeConnections();
  }

  /**
   * Returns what is known of the application now: versions, configuration, cache figures, and how the last requests to each
   * host went. It holds no secret, no token and no user, and may be logged.
   *
   * @example
   * ```ts
   * const { hosts, cache } = app.diagnostics();
   * for (const { host, failuresInARow } of hosts) console.log(host, failuresInARow === 0 ? "works" : "fails");
   * ```
   */
  diagnostics(): Diagnostics {
    return diagnosticsOf(this.client, this.config, this.telemetry);
  }

  /**
   * Returns the URL that ends the user's session at the identity provider. Send the browser there after {@link
   * signOut}.
   *
   * @throws ClientAuthError `end_session_endpoint_not_supported` when the provider does not publish an endpoint;
   * ClientConfigurationError `authority_mismatch` for an account of another provider, unless `authority` names it
   * @see OpenID Connect RP-Initiated Logout 1.0 §2
   * @example
   * ```ts
   * const url = await app.buildEndSessionUrl({ account, postLogoutRedirectUri: "http://localhost:3000/" });
   * ```
   */
  buildEndSessionUrl(request: EndSessionRequest = {}): Promise<string> {
    // Signing out does not need a resource, even in MCP mode.
    return this.logged("buildEndSessionUrl", request, () =>
      endSessionUrl(this.client, this.checkedFields(request)),
    );
  }

  /**
   * Asks the provider for a user's claims. Their `sub` must be the account's. A signed or encrypted response is verified as
   * `clientMetadata` says (`userinfo_signed_response_alg`, `userinfo_encrypted_response_alg`).
   *
   * @param request `accessToken` is acquired silently for `account` by default; it needs the scope `openid`
   * @throws ClientAuthError `invalid_user_info` for claims of another user, `openid_config_error` when the provider does not
   * publish an endpoint; ServerError for an error response (`invalid_token`, `insufficient_scope`)
   * @see OpenID Connect Core §5.3
   * @example
   * ```ts
   * const { email, picture } = await app.userInfo({ account });
   * ```
   */
  userInfo(request: UserInfoRequest): Promise<UserInfo> {
    return this.logged("userInfo", request, () => userInfo(this.client, this.checkedFields(request)));
  }

  /**
   * Revokes a token at the provider, and forgets it: with a refresh token, also the access tokens that came with it. With an
   * account and no token, revokes the account's refresh token. The user stays known; {@link removeAccount} forgets the user.
   *
   * @throws ClientAuthError `openid_config_error` when the provider does not publish an endpoint; ServerError for an error
   * response, after which the cache is unchanged
   * @see RFC 7009
   * @example
   * ```ts
   * const { accessToken } = await oidcApp.acquireTokenByClientCredential({ scopes: ["orders"] });
   * await oidcApp.revoke({ token: accessToken });
   * ```
   */
  revoke(request: RevocationRequest): Promise<void> {
    return this.logged("revoke", request, () => revoke(this.client, this.checkedFields(request)));
  }

  /**
   * Validates the logout token that a provider posts when a user signs out there. Each is accepted once, by this process or, with
   * `useOnce`, by all.
   * The result names the user and the session, and the accounts that the cache has of them: end your own sessions, and
   * remove the accounts.
   *
   * @throws ClientAuthError `invalid_logout_token`; answer it with HTTP 400
   * @see OpenID Connect Back-Channel Logout 1.0 §2.6
   * @example
   * ```ts
   * const { accounts } = await oidcApp.validateLogoutToken({ logoutToken });
   * for (const signedOut of accounts) await oidcApp.removeAccount(signedOut);
   * ```
   */
  validateLogoutToken(request: LogoutTokenRequest): Promise<ProviderLogout> {
    return this.logged("validateLogoutToken", request, () =>
      validateLogoutToken(this.client, this.checkedFields(request)),
    );
  }

  /**
   * Validates the address at which a provider loads the app's page when a user signs out there: its `iss` and `sid` must be
   * those of the account whose session the page was loaded in.
   *
   * @throws ClientAuthError `invalid_logout_token` for another issuer or another session: nobody signs out
   * @see OpenID Connect Front-Channel Logout 1.0 §3
   * @example
   * ```ts
   * const { iss = "", sid } = account.idTokenClaims ?? {}; // in an app: of the page's address
   * if (sid) await app.validateFrontChannelLogout({ iss, sid, account });
   * await app.removeAccount(account);
   * ```
   */
  validateFrontChannelLogout(request: FrontChannelLogoutRequest): Promise<ProviderLogout> {
    return this.logged("validateFrontChannelLogout", request, () =>
      validateFrontChannelLogout(this.client, this.checkedFields(request)),
    );
  }
}
