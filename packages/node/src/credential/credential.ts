import type { ClientCredential } from "@tessera/core";
import { clientAuthError, withoutNull, type CertificateOptions } from "@tessera/core/internal";
import type { ClientCertificate, NodeAuthOptions } from "../configuration.js";
import { createPfxReader } from "./pfx.js";

/**
 * Returns the credential of a configuration.
 *
 * @throws ClientAuthError `invalid_client_credential` when there is not exactly one
 */
export function onlyCredential(auth: Partial<NodeAuthOptions> | undefined): ClientCredential {
  const { clientSecret, clientCertificate, clientAssertion } = auth ?? {};
  const fields = { clientSecret, clientCertificate, clientAssertion };
  const given = Object.entries(fields).filter(([, value]) => isGiven(value));
  if (given.length !== 1) {
    throw clientAuthError(
      "invalid_client_credential",
      given.length === 0
        ? "auth has no credential: set clientSecret, clientCertificate or clientAssertion for a confidential client."
        : `auth has ${given.map(([field]) => field).join(" and ")}: set exactly one credential.`,
    );
  }
  if (clientSecret) return { kind: "secret", secret: clientSecret };
  if (clientAssertion) return { kind: "assertion", assertion: clientAssertion };
  return { kind: "certificate", certificate: certificateSource(clientCertificate) };
}

/** MSAL Node applications often have an empty certificate object in addition to their secret. */
function isGiven(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Object.values(value).some(Boolean);
}

function certificateSource(
  certificate: NodeAuthOptions["clientCertificate"] = {},
): Extract<ClientCredential, { kind: "certificate" }>["certificate"] {
  const readPfx = createPfxReader();
  const withoutPfx = (given: ClientCertificate): CertificateOptions => {
    const { pfx, ...options } = withoutNull(given);
    return pfx ? { ...options, ...readPfx(pfx, options.passphrase), passphrase: undefined } : options;
  };
  return typeof certificate === "function"
    ? async () => withoutPfx(await certificate())
    : withoutPfx(certificate);
}
