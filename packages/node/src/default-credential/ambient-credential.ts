import type { AuthenticationResult } from "@tessera/core";
import { clientConfigurationError, requireRequest } from "@tessera/core/internal";
import { tokenCredential, type TokenCredential } from "../token-credential.js";
import type { AmbientTokenRequest } from "./source.js";

/**
 * A credential that finds its identity in the program's surroundings: a `TokenCredential` for the Azure SDKs, and an
 * application for {@link createAuthenticatedFetch}.
 */
export interface AmbientCredential extends TokenCredential {
  /** Acquires a token, from the cache if it has one. */
  acquireToken(request: AmbientTokenRequest): Promise<AuthenticationResult>;
}

/** Offers a way to acquire tokens as both kinds of credential. */
export function ambientCredential(
  acquire: (request: AmbientTokenRequest) => Promise<AuthenticationResult>,
): AmbientCredential {
  const acquireToken = async (request: AmbientTokenRequest): Promise<AuthenticationResult> => {
    requireRequest(request);
    requireOwnIdentity(request);
    return acquire(request);
  };
  const credential = tokenCredential({ acquireTokenByClientCredential: acquireToken });
  return { acquireToken, getToken: (scopes, options) => credential.getToken(scopes, options) };
}

interface ForeignIdentity {
  readonly account?: unknown;
  readonly authority?: unknown;
  readonly oboAssertion?: unknown;
}

/** Refuses a request for another identity than the credential's own. */
function requireOwnIdentity({
  account,
  authority,
  oboAssertion,
}: AmbientTokenRequest & ForeignIdentity): void {
  if (account == null && authority == null && oboAssertion == null) return;
  const [field] =
    Object.entries({ account, authority, oboAssertion }).find(([, value]) => value != null) ?? [];
  throw clientConfigurationError(
    "invalid_option",
    `${field} names an identity, and this credential has its own: omit it, or use an application object.`,
  );
}
