import {
  authorizationUrl,
  completeAuthCodeFlow,
  importRefreshToken,
  initiateAuthCodeFlow,
  redeemCode,
  usernamePassword,
  type AuthCodeFlow,
  type AuthenticationResult,
} from "@tessera/core";
import {
  requireRecord,
  responseParameters,
  secureUrl,
  silentNow,
  tokenExchange,
  wrongType,
  type AuthCodeFlowOptions,
} from "@tessera/core/internal";
import type { AuthorizationCodePayload } from "./authorization-response.js";
import type {
  AuthCodeFlowRequest,
  AuthorizationCodeRequest,
  AuthorizationUrlRequest,
  DpopProofInput,
  RefreshTokenRequest,
  SilentFlowRequest,
  TokenExchangeRequest,
  UsernamePasswordRequest,
} from "./requests.js";

import { CrossAppApplication } from "./cross-app/cross-app-application.js";

/**
 * Base class of public and confidential clients: silent acquisition, the authorization code flow and accounts. One
 * instance serves a whole process with any number of users. All methods may be called concurrently.
 */
export abstract class ClientApplication extends CrossAppApplication {
  /**
   * Returns the URL that starts a sign-in. Send the user's browser there; the provider sends the code to
   * `redirectUri`. The caller generates and keeps `state`, `nonce` and the PKCE verifier; {@link
   * initiateAuthCodeFlow} generates them for you.
   *
   * @throws ClientConfigurationError naming the field; ClientAuthError `endpoints_resolution_error`
   * @see RFC 6749 §4.1.1, RFC 7636
   * @example
   * ```ts
   * const crypto = new CryptoProvider();
   * const state = crypto.createNewGuid();
   * const { verifier, challenge } = await crypto.generatePkceCodes(); // keep verifier and state in the session
   * const pkce = { codeChallenge: challenge, codeChallengeMethod: "S256" };
   * const url = await app.getAuthCodeUrl({ scopes: ["User.Read"], redirectUri, state, ...pkce });
   * ```
   */
  getAuthCodeUrl(request: AuthorizationUrlRequest): Promise<string> {
    return this.logged("getAuthCodeUrl", request, () => authorizationUrl(this.client, this.checked(request)));
  }

  /**
   * Exchanges an authorization code for tokens, and caches them for {@link acquireTokenSilent}.
   *
   * @param request the code, and the values of the authorization request
   * @param response all parameters received at the redirect URI, also as `URLSearchParams` or `URL`: `error`, `state`
   * and `iss` are checked, and a response in a JWT (JARM) is verified. Nothing else is read, except the cloud that redeems the code of a public client
   * @throws ServerError, InteractionRequiredAuthError for an error response; ClientAuthError `state_mismatch`,
   * `nonce_mismatch`, `invalid_id_token`, `invalid_token_response`, `network_error`
   * @see RFC 6749 §4.1.3, OpenID Connect Core §3.1.3, RFC 9207
   * @example
   * ```ts
   * const { state, nonce, verifier: codeVerifier } = session;
   * const sent = { scopes: ["User.Read"], redirectUri, state, nonce, codeVerifier };
   * const { account } = await app.acquireTokenByCode({ ...sent, code: query.code }, query);
   * ```
   */
  acquireTokenByCode(
    request: AuthorizationCodeRequest,
    response?: AuthorizationCodePayload | URLSearchParams | URL,
  ): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByCode", request, () => {
      const checked = this.checked(request);
      const answer = response ? responseParameters(response, checked.correlationId ?? "") : undefined;
      return redeemCode(this.client, checked, answer);
    });
  }

  /**
   * Starts a sign-in, and generates its state, nonce and PKCE codes. Send the browser to `flow.authUrl`, keep the
   * flow (plain JSON) in the user's session, and pass it to {@link acquireTokenByAuthCodeFlow} with the response.
   *
   * @throws ClientConfigurationError naming the field; ClientAuthError `endpoints_resolution_error`
   * @see OpenID Connect Core §3.1.2.1, RFC 7636
   * @example
   * ```ts
   * const flow = await app.initiateAuthCodeFlow({ scopes: ["User.Read"], redirectUri });
   * // session.flow = flow; response.redirect(flow.authUrl);
   * ```
   */
  initiateAuthCodeFlow(request: AuthCodeFlowRequest): Promise<AuthCodeFlow> {
    return this.logged("initiateAuthCodeFlow", request, () =>
      initiateAuthCodeFlow(this.client, this.checked(request)),
    );
  }

  /**
   * Completes a sign-in: checks state (in constant time), issuer (RFC 9207), errors, nonce, `auth_time` against
   * `maxAge`, and `c_hash` in the hybrid flow, then redeems the code. A flow can be completed once, within an hour.
   *
   * @param flow the flow from {@link initiateAuthCodeFlow}
   * @param response all parameters received at the redirect URI, from the query or the form, also as `URLSearchParams`
   * or `URL`
   * @param options `sessionKey` keeps the tokens for this session of the user alone; `useOnce` is the record of all processes
   * of the flows that have been completed
   * @throws ClientAuthError `state_mismatch`, `invalid_state`, `nonce_mismatch`, `invalid_id_token`; ServerError,
   * InteractionRequiredAuthError for an error response
   * @see OpenID Connect Core §3.1.2.7, §3.3.2.8
   * @example
   * ```ts
   * const { account } = await app.acquireTokenByAuthCodeFlow(session.flow, query);
   * ```
   */
  acquireTokenByAuthCodeFlow(
    flow: AuthCodeFlow,
    response: Readonly<Record<string, unknown>> | URLSearchParams | URL,
    options: AuthCodeFlowOptions = {},
  ): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByAuthCodeFlow", options, () =>
      completeAuthCodeFlow(this.client, flow, response, requireRecord(options ?? {}, "options")),
    );
  }

  /**
   * Acquires tokens with a user name and password.
   *
   * @deprecated The password passes through the app, and neither multi-factor authentication nor single sign-on
   * works: use only in tests. RFC 9700 §2.4 forbids it.
   * @throws ServerError, InteractionRequiredAuthError for an error response
   * @see RFC 6749 §4.3
   * @example
   * ```ts
   * const result = await publicApp.acquireTokenByUsernamePassword({ scopes: ["User.Read"], username, password });
   * ```
   */
  acquireTokenByUsernamePassword(request: UsernamePasswordRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByUsernamePassword", request, () =>
      usernamePassword(this.client, this.checked(request)),
    );
  }

  /**
   * Redeems a refresh token from another library. For tokens in this application's own cache, use {@link
   * acquireTokenSilent}.
   *
   * @throws ServerError, InteractionRequiredAuthError for an error response; ClientConfigurationError naming the field
   * @see RFC 6749 §6
   * @example
   * ```ts
   * // forceCache: the user stays signed in after the migration.
   * await app.acquireTokenByRefreshToken({ scopes: ["User.Read"], refreshToken, forceCache: true });
   * ```
   */
  acquireTokenByRefreshToken(request: RefreshTokenRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByRefreshToken", request, () =>
      importRefreshToken(this.client, this.checked(request)),
    );
  }

  /**
   * Exchanges a token for another one, from the cache or with one request for all concurrent callers: for another
   * service, on behalf of its subject (impersonation), or with `actorToken` as somebody who acts for it (delegation).
   *
   * @param request `subjectToken` came from outside? Validate it first
   * @returns `accessToken` is the issued token, and `issuedTokenType` says what it is; `tokenType` is `N_A` if it is not an
   * access token
   * @throws ServerError for an error response, such as `invalid_target`; ClientAuthError `invalid_token_response` for a
   * token of another type than the requested one; ClientConfigurationError naming the field
   * @see RFC 8693
   * @example
   * ```ts
   * const subject = { subjectToken, subjectTokenType: "access_token" };
   * const { accessToken } = await app.acquireTokenByTokenExchange({ ...subject, audience: "orders" });
   * ```
   */
  acquireTokenByTokenExchange(request: TokenExchangeRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByTokenExchange", request, () =>
      tokenExchange(this.client, this.checked(request)),
    );
  }

  /**
   * Acquires a token for a signed-in user without interaction, from the cache or with the refresh token. Equal
   * concurrent calls share one request. A token that is due for renewal is returned at once and renewed in the
   * background.
   *
   * @param request set `authority` for an account of an identity provider other than the app's own
   * @throws InteractionRequiredAuthError when the user must sign in (`no_tokens_found`, `invalid_grant`, …), and for
   * an account of another provider (`no_tokens_found`)
   * @throws ClientAuthError `no_account_in_silent_request`, `network_error`, `request_timeout`, `request_aborted`
   * @example
   * ```ts
   * const { accessToken } = await app.acquireTokenSilent({ scopes: ["User.Read"], account });
   * ```
   */
  async acquireTokenSilent(request: SilentFlowRequest): Promise<AuthenticationResult> {
    // Not `logged`: its closure would take a twentieth of a cache hit.
    let result: AuthenticationResult | Promise<AuthenticationResult>;
    try {
      result = this.telemetry.isOn()
        ? this.telemetry.operation("acquireTokenSilent", () => silentNow(this.client, this.checked(request)))
        : silentNow(this.client, this.checked(request));
    } catch (error) {
      throw this.failures.noted("acquireTokenSilent", request, error);
    }
    return result instanceof Promise ? this.failures.watched("acquireTokenSilent", request, result) : result;
  }

  /**
   * Signs a proof of possession for one request to an API with a DPoP token (RFC 9449 §4), for an HTTP client of your own:
   * send it in the header `DPoP`, beside `Authorization: DPoP {token}`. {@link createAuthenticatedFetch} does all of that.
   *
   * @throws ClientConfigurationError `invalid_option` for a token that this application has not acquired with DPoP
   * @example
   * ```ts
   * const { accessToken } = await oidcApp.acquireTokenByClientCredential({
   *   scopes: ["orders"],
   *   authenticationScheme: "DPoP",
   * });
   * const request = { method: "GET", url: "https://api.contoso.example/orders" };
   * const dpop = await oidcApp.createDpopProof({ ...request, accessToken });
   * const headers = { authorization: `DPoP ${accessToken}`, dpop };
   * ```
   */
  async createDpopProof(request: DpopProofInput): Promise<string> {
    const { accessToken, method, url, nonce } = requireRecord(
      request,
      "request",
      "{ accessToken, method, url }",
    );
    const { href } = secureUrl(url, "url");
    if (typeof method !== "string" || method === "") throw wrongType("method", method, "an HTTP method");
    if (typeof accessToken !== "string") throw wrongType("accessToken", accessToken, "a string");
    if (nonce !== undefined && !this.client.dpop.noteNonce(href, nonce))
      throw wrongType("nonce", nonce, "the value of a DPoP-Nonce header");
    return this.client.dpop.tokenProof({ accessToken, method, url: href });
  }
}
