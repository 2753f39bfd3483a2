import type { AuthenticatedClient } from "../client-authentication/authenticate-client.js";
import type { TokenResponse } from "../dialects/dialect.js";
import type { TenantScope } from "../directory.js";
import type { Parameters } from "../http/parameters.js";
import type { AuthorityState } from "../state.js";

/** A token request from an authenticated client. */
export interface TokenRequest extends AuthenticatedClient {
  readonly form: Parameters;
  readonly at: TenantScope;
}

/** Handles the token requests of a grant type. */
export type Grant = (state: AuthorityState, request: TokenRequest) => Promise<TokenResponse>;
