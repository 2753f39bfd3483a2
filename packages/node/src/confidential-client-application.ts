import {
  agentToken,
  endOnBehalfOfSession,
  userFederatedIdentity,
  type AccountInfo,
  type AuthenticationResult,
} from "@tessera/core";
import {
  clientConfigurationError,
  clientCredentialsNow,
  freshAppTokens,
  freshUserTokens,
  introspect,
  onBehalfOfNow,
  repeatedAppToken,
  requireRequest,
  wrongType,
  type Introspection,
  type TokenSource,
} from "@tessera/core/internal";
import { BackchannelApplication } from "./backchannel-application.js";
import type { Configuration } from "./configuration.js";
import { onlyCredential } from "./credential/credential.js";
import { offerFreshTokens } from "./fresh-tokens.js";
import { sourceOf, type AppTokenProvider } from "./msal/app-token-provider.js";
import type { MsalRequest } from "./msal/msal-request.js";
import type {
  AgentTokenRequest,
  ClientCredentialRequest,
  IntrospectionRequest,
  OnBehalfOfRequest,
  UserFederatedIdentityCredentialRequest,
} from "./requests.js";
import { inTenant, regionOf } from "./tenant-and-region.js";

/** Request of {@link ConfidentialClientApplication.acquireToken}. */
export interface ConfidentialTokenRequest extends MsalRequest {
  scopes: string[];
  /** A signed-in user whose token to acquire, from the cache or with the refresh token. */
  account?: AccountInfo;
  /** The access token this API was called with, to acquire a token on behalf of its user. */
  oboAssertion?: string;
}

/**
 * An application on a server. It authenticates with a credential, and acquires tokens for itself or for a user.
 *
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientSecret } });
 * const { accessToken } = await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
 * ```
 */
export class ConfidentialClientApplication extends BackchannelApplication {
  #source: TokenSource | undefined;

  /**
   * Checks the configuration and creates the application. Nothing is sent; one object serves the whole process.
   *
   * @param configuration the application's configuration, with exactly one credential
   * @throws ClientAuthError `invalid_client_credential`; ClientConfigurationError for any other mistake
   */
  constructor(configuration: Configuration) {
    super(configuration, onlyCredential(configuration?.auth));
    offerFreshTokens(this, (request) => {
      const { account } = request;
      const checked = this.checked(request);
      return account
        ? freshUserTokens(this.client, { ...checked, account })
        : freshAppTokens(this.client, checked);
    });
  }

  /**
   * Acquires a token: on behalf of the caller's user with `oboAssertion`, for a signed-in user with `account`, and
   * otherwise for the application itself.
   *
   * @throws ClientConfigurationError `invalid_option` when both are set; otherwise like the specific method
   * @example
   * ```ts
   * const forTheApp = await app.acquireToken({ scopes: ["https://graph.microsoft.com/.default"] });
   * const forTheUser = await app.acquireToken({ scopes: ["User.Read"], account });
   * const onBehalfOf = await app.acquireToken({ scopes: ["User.Read"], oboAssertion });
   * ```
   */
  acquireToken(request: ConfidentialTokenRequest): Promise<AuthenticationResult> {
    return this.logged("acquireToken", request, () => {
      requireRequest(request);
      const { account, oboAssertion } = request;
      if (account && oboAssertion) {
        throw clientConfigurationError(
          "invalid_option",
          "account and oboAssertion are both set: set only one of them.",
        );
      }
      // An empty assertion is refused there: it must not yield the application's own token.
      if (typeof oboAssertion === "string") return this.acquireTokenOnBehalfOf({ ...request, oboAssertion });
      if (account) return this.acquireTokenSilent({ ...request, account });
      return this.acquireTokenByClientCredential(request);
    });
  }

  /**
   * Acquires an app-only token from the cache, or with one request for all concurrent callers.
   *
   * @param request for Entra, `scopes` must be a single `{resource}/.default`
   * @throws ClientAuthError `missing_tenant_id_error`, `network_error`; ServerError for an error response
   * @see RFC 6749 §4.4
   * @example
   * ```ts
   * const scopes = ["https://graph.microsoft.com/.default"];
   * const { accessToken, expiresOn } = await app.acquireTokenByClientCredential({ scopes });
   * ```
   */
  acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByClientCredential", request, () => {
      requireRequest(request);
      const given = this.checked(inTenant(request, this.client.defaultAuthority));
      const repeated = repeatedAppToken(this.client, given);
      if (repeated) return repeated;
      // Reading the environment for the region takes as long as a cache hit.
      const region = regionOf(given.azureRegion);
      return clientCredentialsNow(this.client, given, { region, source: this.#source });
    });
  }

  /**
   * Acquires a token for a downstream API on behalf of the user who called this API, from the cache or with one
   * request for all concurrent callers with the same assertion.
   *
   * @param request `oboAssertion` is the access token this API was called with; validate it first
   * @throws InteractionRequiredAuthError with the claims challenge to pass back to the caller; ServerError for an error response
   * @see RFC 7523 §2.1
   * @example
   * ```ts
   * const { accessToken } = await app.acquireTokenOnBehalfOf({ scopes: ["User.Read"], oboAssertion });
   * // A job that continues after the caller has left names a session, and later needs no assertion:
   * await app.acquireTokenOnBehalfOf({ scopes: ["User.Read"], oboAssertion, sessionKey: "job 42" });
   * await app.acquireTokenOnBehalfOf({ scopes: ["User.Read"], sessionKey: "job 42" });
   * ```
   */
  acquireTokenOnBehalfOf(request: OnBehalfOfRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenOnBehalfOf", request, () =>
      onBehalfOfNow(this.client, this.checked(request)),
    );
  }

  /**
   * Removes the tokens of an on-behalf-of session from the cache.
   *
   * @example
   * ```ts
   * await app.endOnBehalfOfSession("job 42");
   * ```
   */
  async endOnBehalfOfSession(sessionKey: string): Promise<void> {
    if (typeof sessionKey !== "string" || sessionKey === "")
      throw wrongType("sessionKey", sessionKey || undefined, "the key that the session was begun with");
    return endOnBehalfOfSession(this.client, sessionKey);
  }

  /**
   * Acquires a token with which an agent identity (Entra Agent ID) acts as itself, or as a user. This application is the
   * agent's blueprint and serves any number of agents and users. The token comes from the cache, or with up to three
   * requests, each of them one for all concurrent callers.
   *
   * @throws ClientAuthError `missing_user_identifier`, `conflicting_user_identifiers`; ClientConfigurationError
   * `invalid_option` for an `agentId` that is missing; ServerError, InteractionRequiredAuthError whose `agentLeg` says
   * which of the tokens was refused
   * @example
   * ```ts
   * const scopes = ["https://graph.microsoft.com/.default"];
   * const asItself = await app.acquireTokenForAgent({ agentId, scopes });
   * const asUser = await app.acquireTokenForAgent({ agentId, scopes, user: { username } });
   * ```
   */
  acquireTokenForAgent(request: AgentTokenRequest): Promise<AuthenticationResult> {
    return this.logged("acquireTokenForAgent", request, () => {
      requireRequest(request);
      const given = inTenant(request, this.client.defaultAuthority);
      return agentToken(this.client, this.checked(given), regionOf(given.azureRegion));
    });
  }

  /**
   * Acquires a user's token for an agent identity. Each call sends a request; use {@link acquireTokenSilent} for
   * later tokens.
   *
   * @throws ClientAuthError `empty_fic_assertion`, `missing_user_identifier`, `conflicting_user_identifiers`
   * @example
   * ```ts
   * const exchange = ["api://AzureADTokenExchange/.default"];
   * const { accessToken: assertion } = await agent.acquireTokenByClientCredential({ scopes: exchange });
   * const user = { scopes: ["User.Read"], username: "alice@contoso.example" };
   * const { accessToken } = await agent.acquireTokenByUserFederatedIdentityCredential({ ...user, assertion });
   * ```
   */
  acquireTokenByUserFederatedIdentityCredential(
    request: UserFederatedIdentityCredentialRequest,
  ): Promise<AuthenticationResult> {
    return this.logged("acquireTokenByUserFederatedIdentityCredential", request, () =>
      userFederatedIdentity(this.client, this.checked(request)),
    );
  }

  /**
   * Asks the provider whether a token is valid now, for example one that this API was called with. The answer is never
   * cached. A signed response is verified as `clientMetadata` says (`introspection_signed_response_alg`).
   *
   * @throws ClientAuthError `openid_config_error` when the provider does not publish an endpoint,
   * `invalid_introspection_response`; ServerError for an error response
   * @see RFC 7662, RFC 9701
   * @example
   * ```ts
   * const { active, scope, sub } = await oidcApp.introspect({ token: oboAssertion });
   * ```
   */
  introspect(request: IntrospectionRequest): Promise<Introspection> {
    return this.logged("introspect", request, () => introspect(this.client, this.checkedFields(request)));
  }

  /**
   * Replaces the token endpoint as the source of app tokens, for example with a managed identity. The cache is still
   * used first.
   *
   * @param provider called when the cache has no fresh token
   * @example
   * ```ts
   * app.SetAppTokenProvider(async ({ scopes, tenantId }) => {
   *   return { accessToken: `a token for ${scopes[0]} in ${tenantId}`, expiresInSeconds: 3600 };
   * });
   * ```
   */
  SetAppTokenProvider(provider: AppTokenProvider): void {
    if (provider && typeof provider !== "function") throw wrongType("provider", provider, "a function");
    this.#source = provider && sourceOf(provider);
  }

  /**
   * Removes the application's own tokens, in every tenant. Users stay signed in.
   *
   * @example
   * ```ts
   * await app.removeTokensForClient();
   * ```
   */
  async removeTokensForClient(): Promise<void> {
    return this.client.cache.removeAppTokens();
  }
}
