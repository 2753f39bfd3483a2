import type { App } from "../config.js";
import type { TenantScope } from "../directory.js";
import { refuse } from "../errors.js";
import { readJwt } from "../jwt.js";
import type { AuthorityState } from "../state.js";
import { verifyFederatedAssertion } from "./federated-credential.js";
import { verifyOwnAssertion } from "./own-assertion.js";

/**
 * Verifies a `client_assertion`: signed by the client itself (certificate, `private_key_jwt`, `client_secret_jwt`), or
 * by an issuer that the app's federated credentials trust.
 *
 * @throws {AadstsError} 50027, and those of `verifyOwnAssertion` and `verifyFederatedAssertion`
 */
export async function verifyAssertion(
  state: AuthorityState,
  app: App,
  at: TenantScope,
  assertion: string,
): Promise<void> {
  const jwt = readJwt(assertion);
  if (jwt === undefined) throw refuse(50027);
  const { iss, sub } = jwt.claims;
  // RFC 7523 §3: who signs for itself is issuer and subject at once.
  if (iss === sub || iss === app.clientId) await verifyOwnAssertion(state, app, at, jwt);
  else await verifyFederatedAssertion(state, app, jwt);
}
