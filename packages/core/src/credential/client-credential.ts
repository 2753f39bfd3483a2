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

/** What an assertion callback is told. */
export interface AssertionContext {
  readonly clientId: string;
  /** URL the assertion will be sent to. Always there when the library calls. */
  readonly tokenEndpoint?: string;
  /** Path of the agent identity the token is for, if the request names one. */
  readonly fmiPath?: string;
}

/** A signed assertion, or a function that fetches one when it is needed. */
export type AssertionSource = string | ((context: AssertionContext) => Promise<string>);

/** A certificate, or a function that returns the current one, so that it can be rotated without a restart. */
export type CertificateSource = CertificateOptions | (() => CertificateOptions | Promise<CertificateOptions>);

/** The one thing a client proves itself with. */
export type ClientCredential =
  /** A public client: nothing to prove with. */
  | { readonly kind: "none" }
  /** A shared secret. */
  | { readonly kind: "secret"; readonly secret: string }
  /** A key and its certificate. */
  | { readonly kind: "certificate"; readonly certificate: CertificateSource }
  /** A JWT that someone else has signed. */
  | { readonly kind: "assertion"; readonly assertion: AssertionSource };

/** What proves the client in one request. */
export interface ClientAuthentication {
  readonly parameters: Parameters;
  readonly headers: Readonly<Record<string, string>>;
  /** Where to send the request, if not to the authority's token endpoint (RFC 8705 §5). */
  readonly tokenEndpoint?: string;
  /** Certificate to present in TLS. */
  readonly tls?: ClientTls;
}

/** An assertion that one request is authenticated with. */
export interface AssertionOverride {
  /** Used in place of the client's own credential. */
  readonly assertion?: AssertionSource | undefined;
  readonly fmiPath?: string | undefined;
}

/** Proves the client to an authority. Called only when a request is about to be sent. */
export type ClientAuthenticator = (
  authority: Authority,
  override?: AssertionOverride,
) => Promise<ClientAuthentication>;

const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * @param credential the client's one credential; a certificate that is not a function is checked at once
 * @param method how the client is registered to prove itself, if the configuration says
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
      return bearing(await fetchAssertion(given, { clientId, tokenEndpoint }, override.fmiPath));
    if (credential.kind === "secret") {
      const { secret } = credential;
      const registered = method ?? dialect.secretMethod(authority.metadata);
      if (registered === "client_secret_basic") {
        return { parameters: new Parameters(), headers: { authorization: basic(clientId, secret) } };
      }
      if (registered === "client_secret_jwt") return bearing(await signer.withSecret(secret, audience));
      return { parameters: new Parameters().set("client_secret", secret), headers: {} };
    }
    if (certificate) {
      const current = await certificate();
      if (mutualTls) return inTls(tlsOf(current), authority);
      return bearing(await signer.withCertificate(current, authority, audience));
    }
    return { parameters: new Parameters(), headers: {} };
  };
}

function bearing(assertion: string): ClientAuthentication {
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
    "clientAssertion is empty or not a string: give a signed JWT, or a function that returns one.",
  );
}

function tlsOf({ tls }: Certificate): ClientTls {
  if (tls) return tls;
  throw clientConfigurationError(
    "invalid_certificate",
    "auth.clientCertificate.publicCertificate is missing: mutual TLS presents the certificate itself.",
  );
}

function inTls(tls: ClientTls, { url, metadata }: Authority): ClientAuthentication {
  const aliases = metadata.mtls_endpoint_aliases?.token_endpoint;
  if (aliases !== undefined) secureEndpoint(aliases, "mtls_endpoint_aliases.token_endpoint", url.href);
  return { parameters: new Parameters(), headers: {}, tls, ...(aliases ? { tokenEndpoint: aliases } : {}) };
}

/** The certificate to use now; read again only when the function returns another one. */
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

/** application/x-www-form-urlencoded, as RFC 6749 §2.3.1 asks for before Basic. */
function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
