import { deployedIdentity } from "./deployed-identity.js";
import { HostError, type HostGround, type IdentityEndpoint } from "./emulated-host.js";

/**
 * The token service of a Service Fabric cluster, over TLS. Callers trust its certificate by the thumbprint. The identity is
 * fixed when the app is deployed: parameters that name another are ignored.
 * https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
 */
export function serviceFabric(ground: HostGround): IdentityEndpoint {
  const { url, secret, thumbprint, tokens } = ground;
  const path = "/metadata/identity/oauth2/token";
  const identity = deployedIdentity(ground);
  return {
    method: "GET",
    path,
    environment: {
      IDENTITY_ENDPOINT: `${url}${path}`,
      IDENTITY_HEADER: secret,
      IDENTITY_SERVER_THUMBPRINT: thumbprint,
    },
    answer: async ({ query, headers }) => {
      const { "api-version": version = "", resource } = query;
      if (!headers["secret"]) {
        throw new HostError(400, "SecretHeaderNotFound", "Secret is not found in the request headers.");
      }
      if (headers["secret"] !== secret || identity === undefined) {
        throw new HostError(
          404,
          "ManagedIdentityNotFound",
          "Managed identity not found for the specified application host.",
        );
      }
      if (!versions.includes(version)) {
        throw new HostError(
          400,
          "InvalidApiVersion",
          `The api-version '${version}' is not supported. Supported version is '${versions.join("', '")}'.`,
        );
      }
      if (!resource) {
        throw new HostError(
          400,
          "ArgumentNullOrEmpty",
          "The parameter 'resource' should not be null or empty string.",
        );
      }
      const { accessToken, expiresAt } = await tokens.issue(identity, resource, query);
      return { token_type: "Bearer", access_token: accessToken, expires_on: expiresAt, resource };
    },
    errorBody: ({ code, message }, correlationId) => ({ error: { correlationId, code, message } }),
  };
}

const versions: readonly string[] = ["2019-07-01-preview", "2020-05-01"];
