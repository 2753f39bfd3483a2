import type { Authority } from "../authority/authority.js";
import type { Clock } from "../clock.js";
import { clientAuthError, clientConfigurationError } from "../errors/errors.js";
import type { ClientTls } from "../http/http-client.js";
import { secureEndpoint } from "../http/secure-url.js";
import type { AuthMethod } from "../dialect/auth-methods.js";
import { dialectOf } from "../dialect/dialects.js";
import { Parameters } from "../request/parameters.js";
import { readCertificate, type Certificate, type CertificateOptions } from "./certificate.js";
import { AssertionSigner } from "./signed-assertion.js";

/** The argument of an assertion callback. */
export interface AssertionContext {
  readonly clientId: string;
  /** URL the assertion will be sent to. Always set when the library calls the callback. */
  readonly tokenEndpoint?: string;
  /** Path of the agent identity (`fmi_path`) the token is for, if the request names one. */
  readonly fmiPath?: string;
  /**
   * The assertion that the server has just refused (`invalid_client`): return another one, not one that was kept. The
   * request is then sent once more. Treat it as a secret.
   */
  readonly refusedAssertion?: string;
}

/** A signed assertion, or a function that fetches one when it is needed. */
export type AssertionSource = string | ((context: AssertionContext) => Promise<string>);

/** A certificate, or a function that returns the current one, so that it can be rotated without a restart. */
export type CertificateSource = CertificateOptions | (() => CertificateOptions | Promise<CertificateOptions>);

/** The credential a client authenticates with. */
export type ClientCredential =
  /** No credential: a public client. */
  | { readonly kind: "none" }
  /** A shared secret. */
  | { readonly kind: "secret"; readonly secret: string }
  /** A key and its certificate. */
  | { readonly kind: "certificate"; readonly certificate: CertificateSource }
  /** A JWT signed elsewhere. */
  | { readonly kind: "assertion"; readonly assertion: AssertionSource };

/** The client authentication of one request. */
export interface ClientAuthentication {
  readonly parameters: Parameters;
  readonly headers: Readonly<Record<string, string>>;
  /** Where to send the request, if not to the authority's token endpoint (RFC 8705 §5). */
  readonly tokenEndpoint?: string;
  /** Certificate to present in TLS. */
  readonly tls?: ClientTls;
}

/** An assertion for a single request. */
export interface AssertionOverride {
  /** Used in place of the client's own credential. */
  readonly assertion?: AssertionSource | undefined;
  readonly fmiPath?: string | undefined;
}

/** Authenticates the client to an authority. Called only when a request is about to be sent. */
export type ClientAuthenticator = (
  authority: Authority,
  override?: AssertionOverride,
) => Promise<ClientAuthentication>;

const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * @param credential the client's credential; a certificate that is not a function is validated at once
 * @param method the client's registered authentication method, if configured
 * @throws ClientConfigurationError `invalid_certificate`
 */
export function createAuthenticator(
  credential: ClientCredential,
  client: { readonly clientId: string; readonly method: AuthMethod | undefined; readonly clock: Clock },
): ClientAuthenticator {
  const { clientId, clock, method } = client;
  const signer = new AssertionSigner(clientId, clock);
  const mutualTls = method === "tls_client_auth" || method === "self_signed_tls_client_auth";
  const certificate =
    credential.kind === "certificate"
      ? currentCertificate(credential.certificate, (options) => {
          const read = readCertificate(options, clock.now());
          if (mutualTls) tlsOf(read);
          return read;
        })
      : undefined;

  return async (authority, override = {}) => {
    const tokenEndpoint = authority.metadata.token_endpoint;
    const dialect = dialectOf(authority.url);
    const audience = dialect.assertionAudience(authority.metadata);
    const given = override.assertion ?? (credential.kind === "assertion" ? credential.assertion : undefined);
    if (given !== undefined)
      return assertionAuthentication(
        await fetchAssertion(given, { clientId, tokenEndpoint }, override.fmiPath),
      );
    if (credential.kind === "secret") {
      const { secret } = credential;
      const registered = method ?? dialect.secretMethod(authority.metadata);
      if (registered === "client_secret_basic") {
        return { parameters: new Parameters(), headers: { authorization: basic(clientId, secret) } };
      }
      if (registered === "client_secret_jwt")
        return assertionAuthentication(await signer.withSecret(secret, audience));
      return { parameters: new Parameters().set("client_secret", secret), headers: {} };
    }
    if (certificate) {
      const current = await certificate();
      if (mutualTls) return tlsAuthentication(tlsOf(current), authority);
      return assertionAuthentication(await signer.withCertificate(current, authority, audience));
    }
    return { parameters: new Parameters(), headers: {} };
  };
}

function assertionAuthentication(assertion: string): ClientAuthentication {
  const parameters = new Parameters()
    .set("client_assertion", assertion)
    .set("client_assertion_type", JWT_BEARER);
  return { parameters, headers: {} };
}

async function fetchAssertion(
  source: AssertionSource,
  context: AssertionContext,
  fmiPath?: string,
): Promise<string> {
  const assertion: unknown =
    typeof source === "function" ? await source({ ...context, ...(fmiPath ? { fmiPath } : {}) }) : source;
  // A file that it was read from may end in a line break, which no JWT has.
  const jwt = typeof assertion === "string" ? assertion.trim() : "";
  if (jwt !== "") return jwt;
  throw clientAuthError(
    "invalid_assertion",
    "clientAssertion is empty or not a string: set a signed JWT, or a function that returns one.",
  );
}

function tlsOf({ tls }: Certificate): ClientTls {
  if (tls) return tls;
  throw clientConfigurationError(
    "invalid_certificate",
    "auth.clientCertificate.publicCertificate is missing: mutual TLS presents the certificate itself.",
  );
}

function tlsAuthentication(tls: ClientTls, { url, metadata }: Authority): ClientAuthentication {
  const aliases = metadata.mtls_endpoint_aliases?.token_endpoint;
  if (aliases !== undefined) secureEndpoint(aliases, "mtls_endpoint_aliases.token_endpoint", url.href);
  return { parameters: new Parameters(), headers: {}, tls, ...(aliases ? { tokenEndpoint: aliases } : {}) };
}

/**
 * Returns a function for the current certificate, which is parsed again only when the source returns a different one.
 */
function currentCertificate(
  source: CertificateSource,
  read: (options: CertificateOptions) => Certificate,
): () => Promise<Certificate> {
  if (typeof source !== "function") {
    const certificate = read(source);
    return async () => certificate;
  }
  let known: { readonly text: string; readonly certificate: Certificate } | undefined;
  return async () => {
    const options = await source();
    const text = JSON.stringify(options);
    if (known?.text !== text) known = { text, certificate: read(options) };
    return known.certificate;
  };
}

function basic(clientId: string, secret: string): string {
  return `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(secret)}`).toString("base64")}`;
}

/** Encodes as `application/x-www-form-urlencoded`, as RFC 6749 §2.3.1 requires before Basic encoding. */
function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
