import { clientConfigurationError } from "@tessera/core";
import { ClientApplication } from "./client-application.js";
import type { Configuration } from "./configuration.js";

/**
 * An application on a user's device: it can keep no secret, and acquires tokens in the name of a user.
 *
 * @example
 * ```ts
 * const app = new PublicClientApplication({ auth: { clientId, authority } });
 * const url = await app.getAuthCodeUrl({ scopes: ["User.Read"], redirectUri, codeChallenge, codeChallengeMethod: "S256" });
 * ```
 */
export class PublicClientApplication extends ClientApplication {
  /**
   * @param configuration the application's configuration, without any credential
   * @throws ClientConfigurationError `public_client_with_credential`, and for every other mistake
   */
  constructor(configuration: Configuration) {
    const auth: Readonly<Record<string, unknown>> = { ...configuration?.auth };
    for (const field of ["clientSecret", "clientAssertion", "clientCertificate"]) {
      if (auth[field]) {
        throw clientConfigurationError(
          "public_client_with_credential",
          `auth.${field} is given, but a public client can keep no credential: use ConfidentialClientApplication on a server, or leave it out.`,
        );
      }
    }
    super(configuration, { kind: "none" });
  }
}
