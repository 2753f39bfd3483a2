import type { Clock, ICachePlugin, LoggerOptions, ProtocolMode, TokenStore } from "@tessera/core";
import type {
  AssertionContext,
  AzureCloudOptions,
  BackgroundRenewalListener,
  CertificateContext,
  CredentialContext,
  CertificateOptions,
  DecryptionKeyOptions,
  SecretContext,
} from "@tessera/core/internal";
import type { Dispatching } from "./http/undici.js";
import type { INetworkModule } from "./http/network-client.js";
import type { INativeBrokerPlugin } from "./broker/broker.js";

/**
 * Fetches a signed assertion. Called only when a request is about to be sent, and once more, with `refusedAssertion`, if
 * the server refuses the assertion.
 */
export type ClientAssertionCallback = (context: AssertionContext) => Promise<string>;

/**
 * Fetches the client's secret. Called only when the secret is needed, and once more, with `refusedSecret`, if the server
 * refuses it. A JWT that stands for a secret (Apple) is kept until shortly before it expires.
 */
export type ClientSecretCallback = (context: SecretContext) => Promise<string>;

/**
 * Certificate of a confidential client: a private key with a certificate or thumbprint, a certificate with a function that
 * signs with its key, or a PKCS#12 file.
 */
export interface ClientCertificate extends CertificateOptions {
  /** PKCS#12 (PFX) file: its path or content, encrypted with `passphrase`. Requires the package `node-forge`. */
  readonly pfx?: string | Uint8Array;
}

/**
 * Returns the current certificate, so that it can be rotated without a restart. Called when a request is about to be sent,
 * and once more, with `isRefused`, if the server refuses the certificate. The `signal` of `context` aborts when no call
 * waits for the certificate any more, or its time is over.
 */
export interface ClientCertificateFunction {
  (refusal?: CertificateContext, context?: CredentialContext): ClientCertificate | Promise<ClientCertificate>;
  // Apps written for MSAL read these fields of `auth.clientCertificate` without checking whether it is a function.
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
  /** Secret of a confidential client, or a function that fetches it when a request is about to be sent. */
  clientSecret?: string | ClientSecretCallback;
  /**
   * Certificate of a confidential client, or a function that returns the current one, for rotation without a restart.
   */
  clientCertificate?: ClientCertificate | ClientCertificateFunction;
  /** Signed JWT of a confidential client, or a function that fetches one when a request is about to be sent. */
  clientAssertion?: string | ClientAssertionCallback;
  /** Hosts to trust without instance discovery (B2C, AD FS, custom domains). */
  knownAuthorities?: string[];
  /** Instance discovery response, as JSON, to avoid the request. */
  cloudDiscoveryMetadata?: string;
  /** Discovery document of the authority, as JSON, to avoid the request. */
  authorityMetadata?: string;
  /**
   * Parameters of every token request, and to an OpenID Provider also of every request for a code, such as `audience`
   * (Auth0). Those of a request win. Tokens are cached by them, as by those of a request.
   */
  extraParameters?: Record<string, string>;
  /** Parameters of every authorization request, such as `access_type` (Google). Those of a request win. */
  extraAuthorizationParameters?: Record<string, string>;
  /**
   * Scopes that no request for a user's tokens asks for, such as `offline_access`, which is otherwise added if the
   * provider lists it.
   */
  excludeScopes?: string[];
  /** Client capabilities, such as `CP1` (claims challenges). */
  clientCapabilities?: string[];
  /** National cloud and tenant, as an alternative to `authority`. */
  azureCloudOptions?: AzureCloudOptions;
  /**
   * Public clients: Entra may send a user to another cloud. The code is then redeemed, and the tokens are cached, in the
   * cloud that the response names.
   */
  instanceAware?: boolean;
  /**
   * Model Context Protocol: every request of a public client must name its `resource` (RFC 8707), and users are sent only
   * to a provider that announces PKCE with `S256`.
   */
  isMcp?: boolean;
  /** How the client is registered with its OpenID Provider. */
  clientMetadata?: ClientMetadata;
  /**
   * Private keys with which the client decrypts what the provider encrypts for it, for the algorithms in
   * `clientMetadata`. Several, while keys are rotated: `kid` of the response chooses.
   */
  decryptionKeys?: DecryptionKeyOptions[];
  /** Key that signs authorization requests (RFC 9101). When it is set, every request is signed. */
  requestObjectKey?: RequestObjectKey;
}

/** A key that signs authorization requests. */
export interface RequestObjectKey {
  /** Private key: PEM, or the path of a file. RSA, elliptic curve or Ed25519. */
  privateKey: string;
  /** Key ID, as in the key set that is registered for the client. */
  kid?: string;
}

/** Client metadata, with the names of RFC 7591 §2 and OpenID Connect Registration §2. */
export interface ClientMetadata {
  /** The only accepted signature algorithm of ID tokens, such as `RS256` or `HS256`. */
  id_token_signed_response_alg?: string;
  /** Encryption of ID tokens with a key of `decryptionKeys`, such as `RSA-OAEP-256` or `ECDH-ES`. */
  id_token_encrypted_response_alg?: string;
  /** Encryption of their content; `A128CBC-HS256` by default. */
  id_token_encrypted_response_enc?: string;
  /** The only accepted signature algorithm of user info: it is then required to be a signed JWT. */
  userinfo_signed_response_alg?: string;
  /** Encryption of user info. */
  userinfo_encrypted_response_alg?: string;
  /** Encryption of its content; `A128CBC-HS256` by default. */
  userinfo_encrypted_response_enc?: string;
  /** The only accepted signature algorithm of introspection responses: they are then required to be signed JWTs (RFC 9701). */
  introspection_signed_response_alg?: string;
  /** Encryption of introspection responses. */
  introspection_encrypted_response_alg?: string;
  /** Encryption of their content; `A128CBC-HS256` by default. */
  introspection_encrypted_response_enc?: string;
  /** The only accepted signature algorithm of authorization responses that are JWTs (JARM), with `responseMode: "jwt"`. */
  authorization_signed_response_alg?: string;
  /** Encryption of authorization responses. */
  authorization_encrypted_response_alg?: string;
  /** Encryption of their content; `A128CBC-HS256` by default. */
  authorization_encrypted_response_enc?: string;
  /**
   * Authentication method of the client: `client_secret_post`, `client_secret_basic` or `client_secret_jwt` with a
   * secret; `private_key_jwt`, `tls_client_auth` or `self_signed_tls_client_auth` with a certificate. By default, an
   * OpenID Provider gets a secret with HTTP Basic, or by the other method if it lists only that or refuses the client;
   * and a certificate signs an assertion.
   */
  token_endpoint_auth_method?: string;
  /**
   * How the outcome of a backchannel authentication reaches the app: `poll` (default), or `ping`, where the provider
   * notifies the app's endpoint. `push` is not supported.
   */
  backchannel_token_delivery_mode?: string;
  /** Push every authorization request to the provider (RFC 9126), even if its discovery document does not require it. */
  require_pushed_authorization_requests?: boolean;
  /** Every authorization request is signed (RFC 9101). Requires `auth.requestObjectKey`. */
  require_signed_request_object?: boolean;
  /** Algorithm of signed authorization requests; by default one that fits the key and that the provider lists. */
  request_object_signing_alg?: string;
}

/** Where tokens are cached. */
export interface CacheOptions {
  /** Persists the cache as a whole. */
  cachePlugin?: ICachePlugin;
  /** Persists the cache by partition, for many processes. */
  store?: TokenStore;
  /**
   * Maximum number of users, apps per tenant, and on-behalf-of assertions, each, that are kept in memory with all
   * their tokens; 100,000 by default. Four times as many more users keep their refresh tokens. Ignored with a plugin.
   */
  maxPartitions?: number;
  /**
   * Minimum remaining lifetime of a cached token, in seconds. 300 by default, or half of a lifetime shorter than 600. A
   * request may set its own.
   */
  renewalMarginSeconds?: number;
  /** Lifetime in seconds of an access token whose response has no `expires_in`; 3600 by default. */
  defaultLifetimeSeconds?: number;
  /**
   * What to do when the stored cache cannot be read: `"refuse"` (default) fails every call until it is repaired;
   * `"ignore"` logs a warning and keeps tokens in memory only. The stored cache is never overwritten.
   */
  onUnreadable?: "refuse" | "ignore";
}

/** Network, clock and logging. */
export interface NodeSystemOptions {
  loggerOptions?: LoggerOptions;
  /** The app's own HTTP client, with MSAL's interface. */
  networkClient?: INetworkModule;
  /**
   * The app's own undici dispatcher, such as an `Agent` with interceptors or a `MockAgent`. Loopback and link-local
   * addresses are contacted directly, unless it is a `MockAgent`.
   */
  dispatcher?: Dispatching;
  /**
   * Proxy URL, or `false` for no proxy. Defaults to the environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`
   * and `NO_PROXY`. Loopback and link-local addresses are always contacted directly.
   */
  proxy?: string | false;
  /** PEM certificates to trust in addition to those that Node.js trusts, such as a company's or the local authority's. */
  ca?: string | string[];
  /** The most connections to one host; 50 by default. Applications with equal settings share them. */
  maxConnections?: number;
  /** How often a request that failed is sent again at most; twice by default. An authorization code is never sent again. */
  retries?: number;
  /** The time that all requests of one call may take together, in milliseconds; 30,000 by default. */
  callTimeoutMs?: number;
  /** Do not send any request again, as `retries: 0`. */
  disableInternalRetries?: boolean;
  /**
   * Called when a renewal in the background has ended: with `expiresOn` of the new token, or with the `error`. Its own
   * errors are only logged.
   */
  onBackgroundRenewal?: BackgroundRenewalListener;
  /** `ProtocolMode.AAD` by default. */
  protocolMode?: ProtocolMode;
  /** The clock, for tests. */
  clock?: Clock;
}

/** What a token is for, as an attribute of metrics: tenant, scopes, or the home account ID of the user. */
export type TelemetryAttribute = "tenant" | "scopes" | "user";

/** The app's name and version, sent to the identity provider, and its metrics. */
export interface NodeTelemetryOptions {
  application?: { appName?: string; appVersion?: string };
  /**
   * What to add to metrics, if the app registers an OpenTelemetry SDK: nothing by default. Each value of an attribute makes
   * a time series of its own, and a user's ID is personal data.
   */
  metricAttributes?: TelemetryAttribute[];
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
