import type { App, FederatedCredential } from "../config/config.js";
import { exchangeAppId, exchangeResource } from "../config/defaults.js";
import { refuse } from "../errors/errors.js";
import { hasValidSignature, type Jwt } from "../crypto/jwt.js";
import type { AuthorityState } from "../state.js";
import { issuerOf } from "../tokens/tokens.js";
import { checkTimes } from "./assertion-times.js";
import { issuerKeys } from "./issuer-keys.js";

/**
 * Verifies an assertion from another issuer, for example Kubernetes, GitHub or another tenant. Its issuer, subject and audience
 * must exactly match one of the app's federated credentials.
 * https://learn.microsoft.com/entra/workload-id/workload-identity-federation
 *
 * @throws {AadstsError} 70021, 700211, 700213, 700212, 700024, 700027, 501661
 */
export async function verifyFederatedAssertion(state: AuthorityState, app: App, jwt: Jwt): Promise<void> {
  const { iss: issuer = "", sub: subject = "", aud } = jwt.claims;
  // Credentials name the exchange resource by its URI, Entra's own tokens by its app ID.
  const audiences = [aud ?? []]
    .flat()
    .map((audience) => (audience === exchangeAppId ? exchangeResource : audience));
  const credentials = state.directory.federatedCredentialsOf(app);
  if (credentials.length === 0) {
    throw refuse(70021, { issuer, subject, audience: audiences.join(" ") });
  }
  const ofIssuer = credentials.filter((credential) => issuerFor(state, app, credential) === issuer);
  if (ofIssuer.length === 0) throw refuse(700211, { issuer });
  const ofSubject = ofIssuer.filter((credential) => credential.subject === subject);
  if (ofSubject.length === 0) throw refuse(700213, { subject });
  const credential = ofSubject.find(({ audience }) => audiences.includes(audience));
  if (credential === undefined) throw refuse(700212, { audience: audiences.join(" ") });
  checkTimes(state.clock, jwt.claims);
  const keys = await issuerKeys(state, credential);
  if (
    !(await hasValidSignature(jwt, keys, ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512"]))
  ) {
    throw refuse(700027, {
      summary: "Client assertion contains an invalid signature.",
      reason: "The key was not found, or did not create this signature.",
      clientId: app.clientId,
    });
  }
}

/** A credential without an issuer trusts the app's own tenant. */
function issuerFor(state: AuthorityState, app: App, { issuer }: FederatedCredential): string | undefined {
  const home = state.directory.homeOf(app);
  return issuer ?? (home && issuerOf(state.url, home.id));
}
