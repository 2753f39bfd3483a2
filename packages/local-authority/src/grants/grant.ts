import type { AuthenticatedClient } from "../client-authentication/authenticate-client.js";
import type { TokenResponse } from "../dialects/dialect.js";
import type { TenantScope } from "../directory.js";
import type { Parameters } from "../parameters.js";
import type { AuthorityState } from "../state.js";
import { authorizationCode } from "./authorization-code.js";
import { clientCredentials } from "./client-credentials.js";
import { deviceCode } from "./device-code.js";
import { onBehalfOf } from "./on-behalf-of.js";
import { password } from "./password.js";
import { refreshToken } from "./refresh-token.js";
import { samlBearer } from "./saml-bearer.js";
import { userFederatedIdentity } from "./user-federated-identity.js";

/** A token request whose client has been authenticated. */
export interface TokenRequest extends AuthenticatedClient {
  readonly form: Parameters;
  readonly at: TenantScope;
}

export type Grant = (state: AuthorityState, request: TokenRequest) => Promise<TokenResponse>;

/** By `grant_type`. A new grant is one file and one line here. */
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
