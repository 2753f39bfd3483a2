import type { App } from "../config/config.js";
import type { TenantScope } from "../directory.js";
import { refuse } from "../errors/errors.js";
import { readJwt } from "../crypto/jwt.js";
import type { AuthorityState } from "../state.js";
import { verifyFederatedAssertion } from "./federated-credential.js";
import { verifyOwnAssertion } from "./own-assertion.js";

/**
 * Verifies a `client_assertion`, signed by the client (certificate, `private_key_jwt`, `client_secret_jwt`) or by an issuer
 * that the app's federated credentials trust.
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
  // RFC 7523 §3: a client that signs its own assertion is both issuer and subject.
  if (iss === sub || iss === app.clientId) await verifyOwnAssertion(state, app, at, jwt);
  else await verifyFederatedAssertion(state, app, jwt);
}
