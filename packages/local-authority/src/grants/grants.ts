import { authorizationCode } from "./authorization-code.js";
import { clientCredentials } from "./client-credentials.js";
import { deviceCode } from "./device-code.js";
import type { Grant } from "./grant.js";
import { onBehalfOf } from "./on-behalf-of.js";
import { password } from "./password.js";
import { refreshToken } from "./refresh-token.js";
import { samlBearer } from "./saml-bearer.js";
import { userFederatedIdentity } from "./user-federated-identity.js";

/** All grants by `grant_type`. A new grant is one file and one line here. */
export const grants: ReadonlyMap<string, Grant> = new Map([
  ["client_credentials", clientCredentials],
  ["authorization_code", authorizationCode],
  ["refresh_token", refreshToken],
  ["urn:ietf:params:oauth:grant-type:jwt-bearer", onBehalfOf],
  ["user_fic", userFederatedIdentity],
  ["urn:ietf:params:oauth:grant-type:device_code", deviceCode],
  ["device_code", deviceCode],
  ["password", password],
  ["urn:ietf:params:oauth:grant-type:saml1_1-bearer", samlBearer("1.1")],
  ["urn:ietf:params:oauth:grant-type:saml2-bearer", samlBearer("2.0")],
]);
