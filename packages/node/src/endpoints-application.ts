import { endSessionUrl } from "@tessera/core";
import { Application } from "./application.js";
import type { EndSessionRequest } from "./requests.js";

/**
 * Base class of public and confidential clients: the provider's endpoints that serve tokens and sessions after a sign-in.
 * {@link ClientApplication} adds token acquisition.
 */
export abstract class EndpointsApplication extends Application {
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
}
