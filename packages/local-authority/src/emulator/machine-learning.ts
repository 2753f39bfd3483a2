import { answer, requireSecret, statusBody } from "./app-service.js";
import { deployedIdentity } from "./deployed-identity.js";
import type { HostGround, IdentityEndpoint } from "./emulated-host.js";

/** Machine Learning, which has kept the older protocol of App Service: `2017-09-01`. */
export function machineLearning(ground: HostGround): IdentityEndpoint {
  const { url, secret } = ground;
  const path = "/msi/token";
  const identity = deployedIdentity(ground);
  return {
    method: "GET",
    path,
    environment: {
      MSI_ENDPOINT: `${url}${path}`,
      MSI_SECRET: secret,
      ...(identity === undefined ? {} : { DEFAULT_IDENTITY_CLIENT_ID: identity.clientId }),
    },
    answer: (request) => {
      requireSecret(request, "secret", secret);
      return answer(ground, request, { version: "2017-09-01", parameters: ["clientid"] });
    },
    errorBody: statusBody,
  };
}
