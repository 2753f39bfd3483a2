import { randomUUID } from "node:crypto";
import { refuse } from "../errors/errors.js";
import { cloudAudience, federationIssuer } from "../federation/audience.js";
import { verifyAssertion, type SamlVersion } from "../federation/saml-assertion.js";
import { respondToUser } from "./token-response.js";
import type { AuthorityState } from "../state.js";
import type { SignIn } from "../stores/sessions.js";
import type { Grant } from "./grant.js";

/**
 * Redeems an assertion of the emulated AD FS (RFC 7522 §2.1). The RFC does not cover SAML 1.1, for which Entra has its own
 * grant type.
 */
export const samlBearer =
  (version: SamlVersion): Grant =>
  async (state, request) => {
    const { form } = request;
    if (!form["assertion"]) throw refuse(900144, { parameter: "assertion" });
    return respondToUser(state, request, {
      signIn: await readAssertion(state, version, form["assertion"]),
      scope: form["scope"],
      claims: form["claims"],
      withAuthTime: false,
    });
  };

/** @throws {AadstsError} 50008, 51004 */
async function readAssertion(state: AuthorityState, version: SamlVersion, text: string): Promise<SignIn> {
  const content = await verifyAssertion(version, Buffer.from(text, "base64url").toString());
  // All authorities in a process share one key, so only the issuer distinguishes them.
  if (content === undefined || content.issuer !== federationIssuer(state.url)) {
    throw refuse(50008, {
      detail: `It is not a SAML ${version} assertion of this authority's AD FS, or its signature is wrong.`,
    });
  }
  const now = state.clock.seconds();
  if (content.audience !== cloudAudience || now < content.notBefore || now >= content.notOnOrAfter) {
    throw refuse(50008, {
      detail: "The assertion is not within its valid time range, or is for another audience.",
    });
  }
  const found = state.directory.userByName(content.upn);
  if (found === undefined) throw refuse(51004, { username: content.upn, tenant: "Microsoft" });
  return { ...found, sessionId: randomUUID(), authTime: now };
}
