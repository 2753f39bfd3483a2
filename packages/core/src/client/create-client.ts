import { ProtocolMode } from "../authority/authority-url.js";
import { RegionDetector } from "../authority/region.js";
import { AuthorityResolver } from "../authority/resolver.js";
import { TokenMemory } from "../cache/memory/token-memory.js";
import type { ICachePlugin } from "../cache/storage/plugin.js";
import type { TokenStore } from "../cache/storage/token-store.js";
import { TokenCache } from "../cache/token-cache.js";
import { systemClock, type Clock } from "../clock.js";
import { createAuthenticator, type ClientCredential } from "../credential/client-credential.js";
import type { AuthMethod } from "../dialect/auth-methods.js";
import { ServerTelemetry, type LibraryInfo } from "../dialect/entra-telemetry.js";
import { SingleFlight } from "../flight/single-flight.js";
import type { HttpClient } from "../http/http-client.js";
import { Throttle } from "../http/throttle.js";
import { createTransport } from "../http/transport.js";
import { Logger } from "../logger.js";
import { checkedSeconds } from "../request/renewal.js";
import { KeySource } from "../response/key-source.js";
import { version } from "../version.js";
import type { Client } from "./client.js";
import { Renewals } from "./renewals.js";
import { UsedSignIns } from "./used-sign-ins.js";

/** What {@link createClient} takes. Only `clientId`, `authority` and `http` are required. */
export interface ClientOptions {
  /** Client id of the registration. */
  readonly clientId: string;
  /** Authority URL (Entra, B2C, AD FS), or the issuer URL with `protocolMode: "OIDC"`. */
  readonly authority: string;
  /** Sends every request. */
  readonly http: HttpClient;
  /** `{ kind: "none" }`, a public client, by default. */
  readonly credential?: ClientCredential;
  /** How the client is registered to authenticate; by default as the provider lists. */
  readonly authMethod?: AuthMethod | undefined;
  /** `ProtocolMode.AAD` by default; `ProtocolMode.OIDC` for an OpenID Provider that is not Microsoft's. */
  readonly protocolMode?: ProtocolMode;
  /** Hosts, in lower case, to trust without instance discovery. */
  readonly knownAuthorities?: Iterable<string>;
  /** A parsed instance discovery response. */
  readonly cloudMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** A parsed discovery document of `authority`. */
  readonly authorityMetadata?: Readonly<Record<string, unknown>> | undefined;
  /** What the client can handle, such as `CP1` (claims challenges). */
  readonly capabilities?: readonly string[];
  /** The only signature algorithm that ID tokens may have. */
  readonly idTokenAlgorithm?: string | undefined;
  readonly cache?: CacheOptions;
  /** Send a discovery request a second time when its connection breaks; `true` by default. */
  readonly retries?: boolean;
  /** The machine's clock by default. */
  readonly clock?: Clock;
  /** Asked for the logger at every line; by default nothing is logged. */
  readonly logger?: () => Logger;
  /** Names the library to Entra. */
  readonly library?: LibraryInfo;
}

/** What RFC 6749 §5.1 leaves to "other means", in seconds: what most providers issue. */
const DEFAULT_LIFETIME = 3600;

/** Where a client's tokens are kept. */
export interface CacheOptions {
  /** Keeps the whole cache beyond the process. Not beside `store`. */
  readonly plugin?: ICachePlugin | undefined;
  /** Keeps the cache beyond the process, partition by partition. */
  readonly store?: TokenStore | undefined;
  /** Most users, apps in tenants, and assertions, each, in memory; unlimited by default. */
  readonly maxPartitions?: number;
  /** Seconds that a token from the cache must still live; 300 by default, or half of a shorter life. */
  readonly renewalMarginSeconds?: number | undefined;
  /** Seconds that an access token is good for when its answer has no `expires_in`; 3600 by default. */
  readonly defaultLifetimeSeconds?: number | undefined;
  /** What to do with stored content that cannot be read; `"refuse"` by default. */
  readonly onUnreadable?: "refuse" | "ignore";
}

/**
 * Everything that the flows need of one application: its registration, its cache, its connections. Make one for each
 * registration and keep it for the life of the process; all flows may run on it concurrently.
 *
 * @throws ClientConfigurationError when the authority cannot be used, ClientConfigurationError `invalid_certificate`
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
  const silentLogger = new Logger({}, "@tessera/core", version);
  const logger = options.logger ?? ((): Logger => silentLogger);
  const transport = createTransport(options.http, logger, options.retries ?? true);
  const authorities = new AuthorityResolver(
    {
      protocolMode: options.protocolMode ?? ProtocolMode.AAD,
      knownAuthorities: new Set(options.knownAuthorities ?? []),
      cloudMetadata: options.cloudMetadata,
      authorityMetadata: options.authorityMetadata,
    },
    transport,
    clock,
  );
  authorities.check(authority);
  return {
    clientId,
    defaultAuthority: authority,
    authenticate: createAuthenticator(credential, { clientId, method: options.authMethod, clock }),
    isPublic: credential.kind === "none",
    secret: () => (credential.kind === "secret" ? credential.secret : undefined),
    idTokenAlgorithm: options.idTokenAlgorithm,
    capabilities: options.capabilities ?? [],
    authorities,
    cache: createCache(options, { clock, authorities, logger }),
    transport,
    throttle: new Throttle(clock),
    flights: new SingleFlight(),
    keys: new KeySource(transport, clock),
    regions: new RegionDetector(transport, clock),
    usedSignIns: new UsedSignIns(clock),
    renewals: new Renewals(clock, logger),
    renewalMargin: checkedSeconds(options.cache?.renewalMarginSeconds, "cache.renewalMarginSeconds"),
    defaultLifetime:
      checkedSeconds(options.cache?.defaultLifetimeSeconds, "cache.defaultLifetimeSeconds") ??
      DEFAULT_LIFETIME,
    clock,
    library: options.library ?? { sku: "tessera.core", version, os: "", cpu: "" },
    telemetry: new ServerTelemetry(),
    logger,
  };
}

function createCache(
  { clientId, cache: options = {} }: ClientOptions,
  { clock, authorities, logger }: { clock: Clock; authorities: AuthorityResolver; logger: () => Logger },
): TokenCache {
  const { plugin, store, maxPartitions = Number.MAX_SAFE_INTEGER, onUnreadable = "refuse" } = options;
  const warn = (message: string): void => logger().warning(message);
  const onForget = (): void => {
    warn("A user with a refresh token was evicted to make room: raise cache.maxPartitions, or use a store.");
  };
  return new TokenCache({
    memory: new TokenMemory({ maxPartitions, clock, onForget }),
    plugin,
    store,
    onUnreadable,
    clientId,
    aliasesOf: (environment) => authorities.aliasesOf(environment),
    isShared: (environment) => authorities.isShared(environment),
    urlOf: (authority) => authorities.url(authority),
    now: () => clock.now(),
    warn,
  });
}
