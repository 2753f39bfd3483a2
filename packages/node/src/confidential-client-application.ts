import {
  clientAuthError,
  clientCredentials,
  onBehalfOf,
  requiredText,
  type AuthenticationResult,
  type ClientCredential,
} from "@tessera/core";
import { ClientApplication } from "./client-application.js";
import type { Configuration } from "./configuration.js";
import type { ClientCredentialRequest, OnBehalfOfRequest } from "./requests.js";

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
  /**
   * @param configuration the application's configuration, with exactly one credential
   * @throws ClientAuthError `invalid_client_credential`; ClientConfigurationError for every other mistake
   */
  constructor(configuration: Configuration) {
    super(configuration, onlyCredential(configuration));
  }

  /**
   * A token for the application itself: from the cache, or with one request however many callers ask at once.
   *
   * @param request for Entra, `scopes` is one `{resource}/.default`
   * @throws ClientAuthError `missing_tenant_id_error`, `network_error`; ServerError as the server says
   * @see RFC 6749 §4.4
   */
  async acquireTokenByClientCredential(request: ClientCredentialRequest): Promise<AuthenticationResult> {
    const { skipCache = false, fmiPath } = request;
    return clientCredentials(this.client, this.checked(request, true), { skipCache, fmiPath });
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
    const remedy = "pass the access token this API was called with.";
    const oboAssertion = requiredText(request.oboAssertion, "oboAssertion", remedy, checked.correlationId);
    return onBehalfOf(this.client, checked, { oboAssertion, skipCache: request.skipCache ?? false });
  }
}

function onlyCredential(configuration: Configuration): ClientCredential {
  const auth: Readonly<Record<string, unknown>> = { ...configuration?.auth };
  const given = ["clientSecret", "clientAssertion", "clientCertificate"].filter((field) => auth[field]);
  const { clientSecret } = auth;
  if (given.length === 1 && typeof clientSecret === "string") return { kind: "secret", secret: clientSecret };
  throw clientAuthError(
    "invalid_client_credential",
    given.length > 1
      ? `auth has ${given.join(" and ")}: give exactly one credential.`
      : "auth.clientSecret is missing or empty: a confidential client proves itself with a credential.",
  );
}
