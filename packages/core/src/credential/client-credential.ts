import type { Authority } from "../authority/authority.js";
import type { Clock } from "../clock.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { TimeAt } from "../http/hosts.js";
import type { ClientTls } from "../http/http-client.js";
import type { AuthMethod } from "../dialect/auth-methods.js";
import { dialectOf } from "../dialect/dialects.js";
import { Parameters } from "../request/parameters.js";
import { assertionAuthentication, GivenAssertions, type AssertionSource } from "./assertion-source.js";
import { readCertificate, type Certificate } from "./certificate.js";
import { currentCertificate, type CertificateSource } from "./certificate-source.js";
import type { ClientAuthentication } from "./client-authentication.js";
import { SecretAuthentication, type SecretSource } from "./secret-authentication.js";
import { AssertionSigner, type SigningOptions } from "./signed-assertion.js";

/** The credential a client authenticates with. */
export type ClientCredential =
  /** No credential: a public client. */
  | { readonly kind: "none" }
  /** A shared secret, or a function that provides it. */
  | { readonly kind: "secret"; readonly secret: SecretSource }
  /** A key and its certificate. */
  | { readonly kind: "certificate"; readonly certificate: CertificateSource }
  /** A JWT signed elsewhere. */
  | { readonly kind: "assertion"; readonly assertion: AssertionSource };

/** Whether a function of the app provides a credential or signs with it, and so may take its time. */
export function isFromFunction(credential: ClientCredential): boolean {
  switch (credential.kind) {
    case "none":
      return false;
    case "secret":
      return typeof credential.secret === "function";
    case "assertion":
      return typeof credential.assertion === "function";
    case "certificate":
      return typeof credential.certificate === "function" || credential.certificate.sign !== undefined;
  }
}

/** An assertion for a single request. */
export interface AssertionOverride {
  /** Used in place of the client's own credential. */
  readonly assertion?: AssertionSource | undefined;
  readonly fmiPath?: string | undefined;
  /** Whether the assertion is a request of the same call, which ends with its time. */
  readonly isStep?: boolean;
}

/**
 * Authenticates the client to an authority. Called only when a request is about to be sent; the signal ends the wait for a
 * function of the app.
 */
export type ClientAuthenticator = (
  authority: Authority,
  override?: AssertionOverride,
  signal?: AbortSignal,
) => ClientAuthentication | Promise<ClientAuthentication>;

/**
 * @param credential the client's credential; a certificate that is not a function is validated at once
 * @param method the client's registered authentication method, if configured
 * @throws ClientConfigurationError `invalid_certificate`
 */
export function createAuthenticator(
  credential: ClientCredential,
  client: {
    readonly clientId: string;
    readonly method: AuthMethod | undefined;
    readonly clock: Clock;
    readonly timeAt: TimeAt;
  },
): ClientAuthenticator {
  const { clientId, clock, timeAt, method } = client;
  const signer = new AssertionSigner(clientId, timeAt);
  const assertions = new GivenAssertions();
  const secrets =
    credential.kind === "secret"
      ? new SecretAuthentication(credential.secret, { clientId, method }, signer)
      : undefined;
  const mutualTls = method === "tls_client_auth" || method === "self_signed_tls_client_auth";
  const certificate =
    credential.kind === "certificate"
      ? currentCertificate(credential.certificate, (options) => {
          const read = readCertificate(options, clock.now());
          if (mutualTls) tlsOf(read);
          return read;
        })
      : undefined;

  const present = async (
    current: Certificate,
    authority: Authority,
    options: SigningOptions,
  ): Promise<ClientAuthentication> =>
    mutualTls
      ? tlsAuthentication(tlsOf(current))
      : assertionAuthentication(await signer.withCertificate(current, authority, options));

  return (authority, override = {}, signal) => {
    const given = override.assertion ?? (credential.kind === "assertion" ? credential.assertion : undefined);
    if (given !== undefined) {
      const { fmiPath } = override;
      const dialect = dialectOf(authority.url);
      const { token_endpoint: endpoint } = authority.metadata;
      const tokenEndpoint = typeof endpoint === "string" ? endpoint : "";
      const context = {
        clientId,
        tokenEndpoint,
        ...(fmiPath ? { fmiPath } : {}),
        ...(signal ? { signal } : {}),
      };
      return assertions.authentication(given, context, dialect.reusesAssertions);
    }
    if (secrets) return secrets.authentication(authority, signal);
    return certificate ? byCertificate(certificate, authority, signal) : NO_CREDENTIAL;
  };

  async function byCertificate(
    source: ReturnType<typeof currentCertificate>,
    authority: Authority,
    signal: AbortSignal | undefined,
  ): Promise<ClientAuthentication> {
    const { certificate: current, renew } = await source(signal);
    const proof = await present(current, authority, { signal });
    if (!renew) return proof;
    const refused = proof.parameters.get("client_assertion");
    return {
      ...proof,
      renew: async (waiting) => present(await renew(waiting), authority, { refused, signal: waiting }),
    };
  }
}

const NO_CREDENTIAL: ClientAuthentication = { parameters: new Parameters(), headers: {} };

function tlsOf({ sign, tls }: Certificate): ClientTls {
  if (tls) return tls;
  if (sign) {
    throw clientConfigurationError(
      "invalid_certificate",
      "auth.clientCertificate.sign cannot be used with mutual TLS, which needs the private key: set privateKey, or use private_key_jwt.",
    );
  }
  throw clientConfigurationError(
    "invalid_certificate",
    "auth.clientCertificate.publicCertificate is missing: mutual TLS presents the certificate itself.",
  );
}

function tlsAuthentication(tls: ClientTls): ClientAuthentication {
  return { parameters: new Parameters(), headers: {}, tls };
}
