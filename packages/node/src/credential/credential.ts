import type { ClientCredential } from "@tessera/core";
import {
  clientAuthError,
  withoutNull,
  type CertificateOptions,
  type SecretSource,
} from "@tessera/core/internal";
import type { ClientCertificate, ClientSecretCallback, NodeAuthOptions } from "../configuration.js";
import { pemContent } from "./credential-content.js";
import { createPfxReader } from "./pfx.js";
import { NO_CONTEXT, renewedToken } from "./renewed-token.js";

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
  if (clientSecret) return { kind: "secret", secret: secretSource(clientSecret) };
  if (clientAssertion) return { kind: "assertion", assertion: clientAssertion };
  return { kind: "certificate", certificate: certificateSource(clientCertificate) };
}

/** Whether an option holds a credential. MSAL Node applications often have an empty certificate object. */
export function isGiven(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Boolean(value);
  return Object.values(value).some(Boolean);
}

function secretSource(secret: string | ClientSecretCallback): SecretSource {
  if (typeof secret !== "function") return secret;
  const kept = renewedToken(async ({ refusedAssertion: refusedSecret, signal } = NO_CONTEXT) => {
    const fetched: unknown = await secret({
      ...(refusedSecret === undefined ? {} : { refusedSecret }),
      ...(signal ? { signal } : {}),
    });
    return typeof fetched === "string" ? fetched : "";
  });
  return ({ refusedSecret, signal }) =>
    kept({
      ...NO_CONTEXT,
      ...(refusedSecret ? { refusedAssertion: refusedSecret } : {}),
      ...(signal ? { signal } : {}),
    });
}

const PEM_FIELDS = ["privateKey", "publicCertificate", "x5c"] as const;

/** Returns the PEM of the options that hold it or name its file. Values of another type are rejected later. */
function texts(options: CertificateOptions): Partial<Record<(typeof PEM_FIELDS)[number], string>> {
  const given = PEM_FIELDS.filter((field) => {
    const value: unknown = options[field];
    return (typeof value === "string" && value !== "") || value instanceof Uint8Array;
  });
  return Object.fromEntries(given.map((field) => [field, pemContent(options[field], field)]));
}

function certificateSource(
  certificate: NodeAuthOptions["clientCertificate"] = {},
): Extract<ClientCredential, { kind: "certificate" }>["certificate"] {
  const readPfx = createPfxReader();
  const withoutPfx = (given: ClientCertificate): CertificateOptions | Promise<CertificateOptions> => {
    const { pfx, ...options } = withoutNull(given);
    const pem = { ...options, ...texts(options), ...(pfx ? { passphrase: undefined } : {}) };
    const read = pfx ? readPfx(pfx, options.passphrase) : {};
    return read instanceof Promise ? read.then((pair) => ({ ...pem, ...pair })) : { ...pem, ...read };
  };
  if (typeof certificate === "function")
    return async (refusal, context) => withoutPfx(await certificate(refusal, context));
  const read = withoutPfx(certificate);
  if (!(read instanceof Promise)) return read;
  // Every call that needs it fails with its reason.
  read.catch(() => undefined);
  return () => read;
}
