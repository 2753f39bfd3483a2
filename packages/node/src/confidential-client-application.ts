import {
  authorityForCloud,
  authorityInTenant,
  AzureCloudInstance,
  clientConfigurationError,
  clientCredentials,
  endOnBehalfOfSession,
  onBehalfOf,
  requireRequest,
  silent,
  userFederatedIdentity,
  withoutNull,
  type AccountInfo,
  type AppTokenProvider,
  type AuthenticationResult,
  type RegionAsk,
} from "@tessera/core";
import { ClientApplication } from "./client-application.js";
import type { Configuration } from "./configuration.js";
import { onlyCredential } from "./credential/credential.js";
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
 * An application on a server: it proves itself with a credential, and acquires tokens in its own name or in that of a user.
 *
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientSecret } });
 * const { accessToken } = await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
 * ```
 */
export class ConfidentialClientApplication extends ClientApplication {
  #appTokenProvider: AppTokenProvider | undefined;

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
    if (account) return silent(this.client, this.checked(request), { account, forceRefresh: false });
    return this.acquireTokenByClientCredential(request);
  }

  /**
   * A token for the application itself: from the cache, or with one request however many callers ask at once.
   *
   * @param request for Entra, `scopes` is one `{resource}/.default`
   * @throws ClientAuthError `missing_tenant_id_error`, `network_error`; ServerError as the server says
   * @see RFC 6749 §4.4
   */
  async acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult> {
    requireRequest(request);
    const given = withoutNull(request);
    const { skipCache = false, fmiPath, clientAssertion, azureRegion } = given;
    const region = regionAsk(azureRegion);
    const provider = this.#appTokenProvider;
    const checked = this.checked(inTenant(given, this.client.defaultAuthority), true);
    return clientCredentials(this.client, checked, { skipCache, fmiPath, clientAssertion, region, provider });
  }

  /**
   * A token for a downstream API in the name of the user who called this API: from the cache, or with one request however
   * many callers ask at once with the same assertion.
   *
   * @param request `oboAssertion` is the access token this API was called with; validate it before
   * @throws InteractionRequiredAuthError with the claims challenge to pass back to the caller; ServerError as the server says
   * @see RFC 7523 §2.1
   */
  async acquireTokenOnBehalfOf(request: OnBehalfOfRequest): Promise<AuthenticationResult> {
    const checked = this.checked(request, true);
    const { oboAssertion, sessionKey, skipCache = false } = withoutNull(request);
    return onBehalfOf(this.client, checked, { oboAssertion, sessionKey, skipCache });
  }

  /** Forgets the tokens of long-running on-behalf-of work. */
  async endOnBehalfOfSession(sessionKey: string): Promise<void> {
    return endOnBehalfOfSession(this.client, sessionKey);
  }

  /**
   * A user's token for an agent identity. Always asks the identity provider; later tokens come from
   * {@link acquireTokenSilent}.
   *
   * @throws ClientAuthError `empty_fic_assertion`, `missing_user_identifier`, `conflicting_user_identifiers`
   */
  async acquireTokenByUserFederatedIdentityCredential(
    request: UserFederatedIdentityCredentialRequest,
  ): Promise<AuthenticationResult> {
    return userFederatedIdentity(this.client, this.checked(request, true), withoutNull(request));
  }

  /**
   * Gets app tokens from somewhere else than the token endpoint, such as a managed identity. The cache still comes first.
   *
   * @param provider called when the cache has no token
   */
  SetAppTokenProvider(provider: AppTokenProvider): void {
    this.#appTokenProvider = provider;
  }

  /** Forgets the application's own tokens, in every tenant. Users stay signed in. */
  async removeTokensForClient(): Promise<void> {
    return this.client.tokenCache.removeAppTokens();
  }
}

/** `azureRegion` of the request, else `MSAL_FORCE_REGION`, unless the request opts out. */
function regionAsk(azureRegion: string | undefined): RegionAsk | undefined {
  if (azureRegion === "DisableMsalForceRegion") return undefined;
  const region = azureRegion || process.env["MSAL_FORCE_REGION"];
  return region ? { azureRegion: region, environmentRegion: process.env["REGION_NAME"] } : undefined;
}

/** The request with its `tenantId` put into the authority. */
function inTenant(request: ClientCredentialRequest, defaultAuthority: string): ClientCredentialRequest {
  if (!request.tenantId) return request;
  const { azureCloudOptions, tenantId, ...rest } = request;
  const authority = rest.authority ?? authorityForCloud(defaultAuthority, azureCloudOptions);
  // The tenant of the configuration's cloud must not come back in its place.
  const none = { azureCloudInstance: AzureCloudInstance.None };
  return { ...rest, authority: authorityInTenant(authority, tenantId), azureCloudOptions: none };
}
