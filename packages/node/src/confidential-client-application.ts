import {
  clientCredentials,
  endOnBehalfOfSession,
  onBehalfOf,
  userFederatedIdentity,
  type AccountInfo,
  type AuthenticationResult,
} from "@tessera/core";
import {
  authorityForCloud,
  authorityInTenant,
  AzureCloudInstance,
  clientConfigurationError,
  requireRequest,
  wrongType,
  type TokenSource,
  type RegionAsk,
} from "@tessera/core/internal";
import { ClientApplication } from "./client-application.js";
import type { Configuration } from "./configuration.js";
import { onlyCredential } from "./credential/credential.js";
import { sourceOf, type AppTokenProvider } from "./msal/app-token-provider.js";
import type { MsalRequest } from "./msal/msal-request.js";
import type {
  ClientCredentialRequest,
  OnBehalfOfRequest,
  UserFederatedIdentityCredentialRequest,
} from "./requests.js";

/** Request of {@link ConfidentialClientApplication.acquireToken}. */
export interface ConfidentialTokenRequest extends MsalRequest {
  scopes: string[];
  /** A signed-in user: the user's token, from the cache or renewed. */
  account?: AccountInfo;
  /** The access token this API was called with: a token on behalf of its user. */
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
export class ConfidentialClientApplication extends ClientApplication {
  #source: TokenSource | undefined;

  /**
   * @param configuration the application's configuration, with exactly one credential
   * @throws ClientAuthError `invalid_client_credential`; ClientConfigurationError for every other mistake
   */
  constructor(configuration: Configuration) {
    super(configuration, onlyCredential(configuration?.auth));
  }

  /**
   * The one call. With `oboAssertion`, a token on behalf of the caller's user; with `account`, that user's token; with
   * neither, the application's own.
   *
   * @throws ClientConfigurationError `invalid_option` when both are given; otherwise as the method it stands for
   * @example
   * ```ts
   * const forTheApp = await app.acquireToken({ scopes: ["https://graph.microsoft.com/.default"] });
   * const forTheUser = await app.acquireToken({ scopes: ["User.Read"], account });
   * const onBehalfOf = await app.acquireToken({ scopes: ["User.Read"], oboAssertion });
   * ```
   */
  async acquireToken(request: ConfidentialTokenRequest): Promise<AuthenticationResult> {
    requireRequest(request);
    const { account, oboAssertion } = request;
    if (account && oboAssertion) {
      throw clientConfigurationError(
        "invalid_option",
        "account and oboAssertion are both given: give one of them.",
      );
    }
    if (oboAssertion) return this.acquireTokenOnBehalfOf({ ...request, oboAssertion });
    if (account) return this.acquireTokenSilent({ ...request, account });
    return this.acquireTokenByClientCredential(request);
  }

  /**
   * A token for the application itself: from the cache, or with one request however many callers ask at once.
   *
   * @param request for Entra, `scopes` is one `{resource}/.default`
   * @throws ClientAuthError `missing_tenant_id_error`, `network_error`; ServerError as the server says
   * @see RFC 6749 §4.4
   * @example
   * ```ts
   * const scopes = ["https://graph.microsoft.com/.default"];
   * const { accessToken, expiresOn } = await app.acquireTokenByClientCredential({ scopes });
   * ```
   */
  async acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult> {
    requireRequest(request);
    const given = inTenant(request, this.client.defaultAuthority);
    const region = regionOf(given.azureRegion);
    return clientCredentials(this.client, this.checked(given), { region, source: this.#source });
  }

  /**
   * A token for a downstream API on behalf of the user who called this API: from the cache, or with one request however
   * many callers ask at once with the same assertion.
   *
   * @param request `oboAssertion` is the access token this API was called with; validate it before
   * @throws InteractionRequiredAuthError with the claims challenge to pass back to the caller; ServerError as the server says
   * @see RFC 7523 §2.1
   * @example
   * ```ts
   * const { accessToken } = await app.acquireTokenOnBehalfOf({ scopes: ["User.Read"], oboAssertion });
   * // A job that continues after the caller has left names a session, and later needs no assertion:
   * await app.acquireTokenOnBehalfOf({ scopes: ["User.Read"], oboAssertion, sessionKey: "job 42" });
   * await app.acquireTokenOnBehalfOf({ scopes: ["User.Read"], sessionKey: "job 42" });
   * ```
   */
  async acquireTokenOnBehalfOf(request: OnBehalfOfRequest): Promise<AuthenticationResult> {
    return onBehalfOf(this.client, this.checked(request));
  }

  /**
   * Forgets the tokens of an on-behalf-of session.
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
   * A user's token for an agent identity. Each call sends a request; later tokens come from {@link acquireTokenSilent}.
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
  async acquireTokenByUserFederatedIdentityCredential(
    request: UserFederatedIdentityCredentialRequest,
  ): Promise<AuthenticationResult> {
    return userFederatedIdentity(this.client, this.checked(request));
  }

  /**
   * Replaces the token endpoint as the source of app tokens, for example with a managed identity. The cache still comes
   * first.
   *
   * @param provider called when the cache has no token
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
   * Forgets the application's own tokens, in every tenant. Users stay signed in.
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

/** `azureRegion` of the request, else `MSAL_FORCE_REGION`, unless the request opts out. */
function regionOf(azureRegion: string | undefined): RegionAsk | undefined {
  if (azureRegion === "DisableMsalForceRegion") return undefined;
  const region = azureRegion || process.env["MSAL_FORCE_REGION"];
  return region ? { azureRegion: region, environmentRegion: process.env["REGION_NAME"] } : undefined;
}

/** The request with its `tenantId` put into the authority. */
function inTenant(request: ClientCredentialRequest, defaultAuthority: string): ClientCredentialRequest {
  if (!request.tenantId) return request;
  const { tenantId, azureCloudOptions } = request;
  const asked = request.authority ?? authorityForCloud(defaultAuthority, azureCloudOptions);
  // Neither the request's cloud nor the application's may put its own tenant in its place.
  const none = { azureCloudInstance: AzureCloudInstance.None };
  return { ...request, authority: authorityInTenant(asked, tenantId), azureCloudOptions: none };
}
