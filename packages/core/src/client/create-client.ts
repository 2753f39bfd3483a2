import { ProtocolMode } from "../authority/authority-url.js";
import { RegionDetector } from "../authority/region.js";
import { AuthorityResolver } from "../authority/resolver.js";
import { knownHost, requireOwnIssuer } from "../authority/vouched-host.js";
import { BoundedMap } from "../bounded-map.js";
import { systemClock, type Clock } from "../clock.js";
import {
  createAuthenticator,
  isFromFunction,
  type ClientCredential,
} from "../credential/client-credential.js";
import { readDecryptionKeys, type DecryptionKeyOptions } from "../credential/decryption-keys.js";
import {
  createRequestObjectSigner,
  type AuthorizationRequestOptions,
} from "../credential/request-object-signer.js";
import { secretFrom } from "../credential/secret-authentication.js";
import type { AuthMethod } from "../dialect/auth-methods.js";
import { dialectOf } from "../dialect/dialects.js";
import { Dpop } from "../dpop/dpop.js";
import { clientConfigurationError } from "../errors/errors.js";
import { ServerTelemetry, type LibraryInfo } from "../dialect/entra-telemetry.js";
import { SingleFlight } from "../flight/single-flight.js";
import { UnderWay } from "../flight/under-way.js";
import { Hosts } from "../http/hosts.js";
import type { HttpClient } from "../http/http-client.js";
import { createTransport } from "../http/transport.js";
import { Logger } from "../logger.js";
import type { Observer } from "../observer.js";
import { checkedSeconds } from "../request/renewal.js";
import { checkedExclusion } from "../request/scopes.js";
import { KeySource } from "../response/key-source.js";
import type { ResponseAlgorithms } from "../response/response-algorithms.js";
import { version } from "../version.js";
import { createCache, type CacheOptions } from "./client-cache.js";
import type { Client } from "./client.js";
import { Failures } from "../http/failures.js";
import { Renewals, type BackgroundRenewalListener } from "./renewals.js";
import { UsedSignIns } from "./used-sign-ins.js";

/** Maximum number of agent identities that an application remembers. Their ids may come from requests. */
const MOST_AGENTS = 10_000;

/** Options of {@link createClient}. Only `clientId`, `authority` and `http` are required. */
export interface ClientOptions {
  /** Client id of the registration. */
  readonly clientId: string;
  /** Authority URL (Entra, B2C, AD FS), or the issuer URL with `protocolMode: "OIDC"`. */
  readonly authority: string;
  /** Sends every request. */
  readonly http: HttpClient;
  /** Defaults to `{ kind: "none" }`, a public client. */
  readonly credential?: ClientCredential;
  /** The client's registered authentication method; by default chosen from those the provider lists. */
  readonly authMethod?: AuthMethod | undefined;
  /** `ProtocolMode.AAD` by default; `ProtocolMode.OIDC` for an OpenID Provider that is not Microsoft's. */
  readonly protocolMode?: ProtocolMode;
  /** Hosts to trust without instance discovery. A scheme or path of an entry is ignored. */
  readonly knownAuthorities?: Iterable<string>;
  /** A parsed instance discovery response. */
  readonly cloudMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** A parsed discovery document of `authority`. */
  readonly authorityMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** Public clients: lets Entra send a user to another cloud, which the response names. */
  readonly instanceAware?: boolean;
  /** Extra parameters of every request for a code or a token, such as `audience`. A request's own of the same name win. */
  readonly extraParameters?: Readonly<Record<string, string>> | undefined;
  /** Extra parameters of every authorization request, such as `access_type`. A request's own of the same name win. */
  readonly extraAuthorizationParameters?: Readonly<Record<string, string>> | undefined;
  /** Send users only to a provider that announces PKCE with `S256`. */
  readonly requiresPkceSupport?: boolean;
  /** Use a refresh token for the resource of its sign-in alone. */
  readonly separatesResources?: boolean;
  /** Scopes to leave out of every request, such as `offline_access`. */
  readonly excludeScopes?: readonly string[];
  /** Whether authorization requests are signed, and pushed to the provider. */
  readonly authorizationRequests?: AuthorizationRequestOptions | undefined;
  /** Client capabilities, such as `CP1` (claims challenges). */
  readonly capabilities?: readonly string[];
  /** The only signature algorithm accepted in ID tokens. */
  readonly idTokenAlgorithm?: string | undefined;
  /** How the provider signs and encrypts what it sends this client, as the client is registered. */
  readonly algorithms?: ResponseAlgorithms;
  /** The client's keys to decrypt what the provider encrypts. */
  readonly decryptionKeys?: readonly DecryptionKeyOptions[] | undefined;
  readonly cache?: CacheOptions;
  /** Maximum number of further attempts of a request that failed; 2 by default. Codes are never sent again. */
  readonly retries?: number | undefined;
  /** The time that all requests of one call may take together, in milliseconds; 30,000 by default. */
  readonly callTimeoutMs?: number | undefined;
  /** Called when a renewal in the background has ended. */
  readonly onBackgroundRenewal?: BackgroundRenewalListener | undefined;
  /** Defaults to the system clock. */
  readonly clock?: Clock;
  /** Called for each log line; by default nothing is logged. */
  readonly logger?: () => Logger;
  /** Called for traces and metrics whenever there is something to record; by default, nothing is recorded. */
  readonly observer?: () => Observer | undefined;
  /** Names the library to Entra. */
  readonly library?: LibraryInfo;
}

/** The lifetime in seconds that most providers use; RFC 6749 §5.1 lets them omit it. */
const DEFAULT_LIFETIME = 3600;

/**
 * Creates the client that all flows run on: an application's registration, cache and connections. Create one for each
 * registration and keep it for the life of the process. Flows may run on it concurrently.
 *
 * @throws ClientConfigurationError when the authority is not valid, or with `invalid_certificate`, `invalid_option` or
 * `unsupported_cca_instance_aware`
 * @example
 * ```ts
 * import { createClient, type HttpClient } from "@tessera/core";
 *
 * const http: HttpClient = {
 *   async send({ method, url, headers, body, signal }) {
 *     const response = await fetch(url, { method, headers, body: body ?? null, signal, redirect: "manual" });
 *     return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
 *   },
 * };
 * const client = createClient({
 *   clientId: "11111111-1111-4111-8111-111111111111",
 *   authority: "https://login.microsoftonline.com/contoso.onmicrosoft.com",
 *   credential: { kind: "secret", secret: "a secret from the environment" },
 *   http,
 * });
 * console.log(client.clientId);
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const { clientId, authority, credential = { kind: "none" }, clock = systemClock } = options;
  const { instanceAware = false, authorizationRequests = {} } = options;
  if (instanceAware && credential.kind !== "none") {
    throw clientConfigurationError(
      "unsupported_cca_instance_aware",
      "auth.instanceAware lets a response choose the cloud that redeems the code, which a confidential client must not allow: omit it, and use the authority of the user's cloud.",
    );
  }
  const silentLogger = new Logger({}, "@tessera/core", version);
  const logger = options.logger ?? ((): Logger => silentLogger);
  const observer = options.observer ?? unobserved;
  const hosts = new Hosts(clock, logger);
  const transport = createTransport({
    http: options.http,
    clock,
    hosts,
    logger,
    retries: options.retries,
    budgetMs: options.callTimeoutMs,
    observer,
  });
  const { timeAt } = hosts;
  const knownAuthorities = new Set(Array.from(options.knownAuthorities ?? [], knownHost));
  const authorities = new AuthorityResolver(
    {
      protocolMode: options.protocolMode ?? ProtocolMode.AAD,
      knownAuthorities,
      cloudMetadata: options.cloudMetadata,
      authorityMetadata: options.authorityMetadata,
    },
    transport,
    clock,
    { warn: (message) => logger().warning(message), observer },
  );
  authorities.check(authority);
  const authenticator = createAuthenticator(credential, {
    clientId,
    method: options.authMethod,
    clock,
    timeAt,
  });
  return {
    clientId,
    defaultAuthority: authority,
    authenticate: (issuer, override, signal) => {
      if (credential.kind !== "none")
        requireOwnIssuer(issuer.url, { own: authorities.url(authority), knownAuthorities });
      return authenticator(issuer, override, signal);
    },
    waitsForCredential: isFromFunction(credential),
    isPublic: credential.kind === "none",
    algorithms: { id_token_signed_response_alg: options.idTokenAlgorithm, ...options.algorithms },
    decryptionKeys: readDecryptionKeys(options.decryptionKeys ?? []),
    secret:
      credential.kind === "secret"
        ? (signal) => secretFrom(credential.secret, signal ? { signal } : {})
        : undefined,
    instanceAware,
    extraParameters: options.extraParameters,
    extraAuthorizationParameters: options.extraAuthorizationParameters,
    requiresPkceSupport: options.requiresPkceSupport ?? false,
    separatesResources: options.separatesResources ?? false,
    excludeScopes: checkedExclusion(options.excludeScopes, "auth.excludeScopes"),
    dpop: new Dpop(timeAt, Boolean(options.cache?.plugin ?? options.cache?.store)),
    bindsTokens: (url) => dialectOf(authorities.url(url)).bindsTokens,
    authorizationRequests: {
      isPushed: authorizationRequests.isPushed ?? false,
      sign: createRequestObjectSigner(authorizationRequests, { clientId, timeAt }),
    },
    capabilities: options.capabilities ?? [],
    authorities,
    cache: createCache(options, { clock, authorities, logger, observer }),
    transport,
    observer,
    flights: new SingleFlight(),
    keys: new KeySource({ transport, clock, observer }, (authority, call) =>
      authorities.rediscover(authority, call),
    ),
    regions: new RegionDetector(transport, clock),
    usedSignIns: new UsedSignIns(clock),
    failures: new Failures(clock),
    renewals: new Renewals(clock, logger, options.onBackgroundRenewal),
    sentGrants: new UnderWay(),
    renewalMargin: checkedSeconds(options.cache?.renewalMarginSeconds, "cache.renewalMarginSeconds"),
    defaultLifetime:
      checkedSeconds(options.cache?.defaultLifetimeSeconds, "cache.defaultLifetimeSeconds") ??
      DEFAULT_LIFETIME,
    clock,
    agents: new BoundedMap(MOST_AGENTS),
    library: options.library ?? { sku: "tessera.core", version, os: "", cpu: "" },
    telemetry: new ServerTelemetry(),
    logger,
  };
}

const unobserved = (): undefined => undefined;
