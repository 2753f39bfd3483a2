import type { Clock, ICachePlugin, LoggerOptions, ProtocolMode, TokenStore } from "@tessera/core";
import type { AssertionContext, CertificateOptions, AzureCloudOptions } from "@tessera/core/internal";
import type { Dispatching } from "./http/load-undici.js";
import type { INetworkModule } from "./http/network-client.js";
import type { INativeBrokerPlugin } from "./broker/broker.js";

/** Fetches a signed assertion when a request is about to be sent; never for a token from the cache. */
export type ClientAssertionCallback = (context: AssertionContext) => Promise<string>;

/** Certificate of a confidential client: private key with certificate or thumbprint, or both in one PKCS#12 file. */
export interface ClientCertificate extends CertificateOptions {
  /** PKCS#12 (PFX): path of the file, or its content. `passphrase` opens it. Needs the package `node-forge`. */
  readonly pfx?: string | Uint8Array;
}

/** Returns the current certificate: rotation without a restart. */
export interface ClientCertificateFunction {
  (): ClientCertificate | Promise<ClientCertificate>;
  // Apps for MSAL read these of `auth.clientCertificate` without asking whether it is a function.
  readonly thumbprint?: undefined;
  readonly thumbprintSha256?: undefined;
  readonly privateKey?: undefined;
  readonly x5c?: undefined;
}

/** The application's registration and its identity provider. */
export interface NodeAuthOptions {
  /** Client id of the registration. */
  clientId: string;
  /** Authority URL; `https://login.microsoftonline.com/common` by default. */
  authority?: string;
  /** Issuer URL of an OpenID Provider that is not Microsoft's; sets `protocolMode` to `OIDC`. */
  oidcAuthority?: string;
  /** Secret of a confidential client. */
  clientSecret?: string;
  /** Certificate of a confidential client, or a function that returns the current one (rotation without a restart). */
  clientCertificate?: ClientCertificate | ClientCertificateFunction;
  /** Signed JWT of a confidential client, or a function that fetches one when a request is sent. */
  clientAssertion?: string | ClientAssertionCallback;
  /** Hosts to trust without asking Entra about them (B2C, AD FS, custom domains). */
  knownAuthorities?: string[];
  /** JSON text of an instance discovery response, to save the request. */
  cloudDiscoveryMetadata?: string;
  /** JSON text of the discovery document of the authority, to save the request. */
  authorityMetadata?: string;
  /** What the client can handle, such as `CP1` (claims challenges). */
  clientCapabilities?: string[];
  /** National cloud and tenant, in place of `authority`. */
  azureCloudOptions?: AzureCloudOptions;
  /** Model Context Protocol: every request of a public client must name its `resource` (RFC 8707). */
  isMcp?: boolean;
  /** How the client is registered with its OpenID Provider. */
  clientMetadata?: ClientMetadata;
}

/** Client metadata by its names of RFC 7591 §2 and OpenID Connect Registration §2. */
export interface ClientMetadata {
  /** The only signature algorithm ID tokens may have, such as `RS256` or `HS256`. */
  id_token_signed_response_alg?: string;
  /**
   * How the client proves itself: `client_secret_post`, `client_secret_basic` or `client_secret_jwt` with a secret;
   * `private_key_jwt`, `tls_client_auth` or `self_signed_tls_client_auth` with a certificate. By default a secret is sent
   * as the provider lists, and a certificate signs.
   */
  token_endpoint_auth_method?: string;
}

/** Where tokens are kept. */
export interface CacheOptions {
  /** Keeps the whole cache beyond the process. */
  cachePlugin?: ICachePlugin;
  /** Keeps the cache beyond the process, partition by partition, for many processes. */
  store?: TokenStore;
  /**
   * Most users, apps in tenants, and on-behalf-of assertions, each, that are kept in memory with all their tokens;
   * 100,000 by default. Four times as many users keep their refresh token beyond that. With a plugin it does not apply.
   */
  maxPartitions?: number;
  /**
   * What to do when the stored cache cannot be read: `"refuse"` (default) fails every call until it is mended;
   * `"ignore"` warns and goes on with tokens in memory only. It is never overwritten.
   */
  onUnreadable?: "refuse" | "ignore";
}

/** How the application reaches the network, tells the time and logs. */
export interface NodeSystemOptions {
  loggerOptions?: LoggerOptions;
  /** The app's own HTTP client, in MSAL's form. */
  networkClient?: INetworkModule;
  /**
   * The app's own undici dispatcher: an `Agent` with settings of its own, one with interceptors, a `MockAgent`. Loopback and
   * link-local addresses are reached without it, unless it is a `MockAgent`.
   */
  dispatcher?: Dispatching;
  /**
   * Proxy URL; `false` for none. By default the environment decides (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`).
   * Loopback and link-local addresses are always reached directly.
   */
  proxy?: string | false;
  /** PEM certificates to trust beside those that Node.js trusts: a company's, or the local authority's. */
  ca?: string | string[];
  /** Do not repeat a discovery request whose connection broke. */
  disableInternalRetries?: boolean;
  /** `ProtocolMode.AAD` by default. */
  protocolMode?: ProtocolMode;
  /** The time, for tests. */
  clock?: Clock;
}

/** What the identity provider is told of the app. */
export interface NodeTelemetryOptions {
  application?: { appName?: string; appVersion?: string };
}

/** The operating system's account broker; public clients only. */
export interface BrokerOptions {
  nativeBrokerPlugin?: INativeBrokerPlugin;
}

/** Configuration of an application. */
export interface Configuration {
  auth: NodeAuthOptions;
  broker?: BrokerOptions;
  cache?: CacheOptions;
  system?: NodeSystemOptions;
  telemetry?: NodeTelemetryOptions;
}
