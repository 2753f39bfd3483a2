import type { RegionAsk, RegionDetector } from "../authority/region.js";
import type { AuthorityResolver } from "../authority/resolver.js";
import type { BoundedMap } from "../bounded-map.js";
import type { KnownUser } from "../cache/memory/agent-users.js";
import type { TokenCache } from "../cache/token-cache.js";
import type { Clock } from "../clock.js";
import type { AssertionSource } from "../credential/assertion-source.js";
import type { DecryptionKey } from "../credential/decryption-keys.js";
import type { ClientAuthenticator } from "../credential/client-credential.js";
import type { RequestObjectSigner } from "../credential/request-object-signer.js";
import type { Dpop } from "../dpop/dpop.js";
import type { SingleFlight } from "../flight/single-flight.js";
import type { UnderWay } from "../flight/under-way.js";
import type { Leader } from "../http/shared-work.js";
import type { Call, Transport } from "../http/transport.js";
import type { Logger } from "../logger.js";
import type { Observer } from "../observer.js";
import type { KeySource } from "../response/key-source.js";
import type { ResponseAlgorithms } from "../response/response-algorithms.js";
import type { LibraryInfo, ServerTelemetry } from "../dialect/entra-telemetry.js";
import type { Failures } from "../http/failures.js";
import type { Renewals } from "./renewals.js";
import type { UsedSignIns } from "./used-sign-ins.js";

/** The state of one application that its flows share. Built once, in the application's constructor. */
export interface Client {
  readonly clientId: string;
  readonly defaultAuthority: string;
  /** Authenticates the client in a token request. */
  readonly authenticate: ClientAuthenticator;
  /** Whether a function of the app takes part in {@link authenticate}: the time of the call then bounds it. */
  readonly waitsForCredential: boolean;
  /** True for a public client, which cannot hold a credential. */
  readonly isPublic: boolean;
  /**
   * The client's secret, if that is its credential: the key of HS256 signatures. A function, so that logging the
   * client does not reveal it, and because the app may provide it with one.
   */
  readonly secret: ((signal?: AbortSignal) => string | Promise<string>) | undefined;
  /** How the provider signs and encrypts what it sends this client. */
  readonly algorithms: ResponseAlgorithms;
  readonly decryptionKeys: readonly DecryptionKey[];
  /** Whether a sign-in may end in another cloud, which the response names. */
  readonly instanceAware: boolean;
  /** Parameters of every request for a code or a token, under those of the request. */
  readonly extraParameters: Readonly<Record<string, string>> | undefined;
  /** Parameters of every authorization request, under those of the request. */
  readonly extraAuthorizationParameters: Readonly<Record<string, string>> | undefined;
  /** Whether users may only be sent to a provider that announces PKCE with `S256` (Model Context Protocol). */
  readonly requiresPkceSupport: boolean;
  /** Whether a refresh token is used for the resource of its sign-in alone: a server may have bound it to that (RFC 8707 §2.2). */
  readonly separatesResources: boolean;
  /** Scopes that no request asks for. */
  readonly excludeScopes: readonly string[];
  /** Keys and proofs of tokens that are bound to a key. */
  readonly dpop: Dpop;
  /** Whether the provider of an authority may bind tokens to a key. */
  bindsTokens(authority: string): boolean;
  /** How authorization requests reach the provider. */
  readonly authorizationRequests: {
    /** Whether every request is pushed (RFC 9126), even if the provider does not require it. */
    readonly isPushed: boolean;
    /** Signs every request (RFC 9101). */
    readonly sign: RequestObjectSigner | undefined;
  };
  /** Capabilities such as `CP1`. */
  readonly capabilities: readonly string[];
  readonly authorities: AuthorityResolver;
  /** Tokens are reachable only inside an access: `read` and `write` pass the token memory to a callback. */
  readonly cache: TokenCache;
  readonly transport: Transport;
  /** Traces and metrics, while they are collected. */
  observer(): Observer | undefined;
  readonly flights: SingleFlight<Leader>;
  readonly keys: KeySource;
  readonly regions: RegionDetector;
  readonly usedSignIns: UsedSignIns;
  readonly failures: Failures;
  readonly renewals: Renewals;
  /** Grants of users that have been sent, until their tokens are saved. */
  readonly sentGrants: UnderWay;
  /** Minimum remaining lifetime of a cached token, in seconds; `undefined` for the usual margin. */
  readonly renewalMargin: number | undefined;
  /** Lifetime of an access token in seconds, if its response does not say. */
  readonly defaultLifetime: number;
  readonly clock: Clock;
  readonly library: LibraryInfo;
  readonly telemetry: ServerTelemetry;
  /** The agent identities of this application, by client id. */
  readonly agents: BoundedMap<AgentClient>;
  logger(): Logger;
}

/**
 * An agent identity: a client of its own, without a credential, that shares the cache and the connections of its
 * blueprint's application.
 */
export interface AgentClient extends Client {
  /** Proves the agent's identity with a token of the blueprint, for one call to an authority. */
  readonly proof: (authorityUrl: string, call: Call, region: RegionAsk | undefined) => AssertionSource;
  /** The users that the agent has acted as, by authority and by the id or name in the request. */
  readonly users: BoundedMap<KnownUser>;
}
