import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError, isAuthError } from "../errors/errors.js";
import { shownUrl } from "../http/secure-url.js";
import { withPause, withPauseOf } from "../http/throttle.js";
import type { Call, Transport } from "../http/transport.js";
import { SingleFlight } from "../flight/single-flight.js";
import { printable } from "../printable.js";
import type { Authority, ProviderMetadata } from "./authority.js";
import { authorityUrl, type AuthorityUrl, type ProtocolMode } from "./authority-url.js";
import type { Cloud } from "./clouds.js";
import { isIssuerOf } from "./document-issuer.js";
import { HostClouds } from "./host-clouds.js";
import { discoveryFailure } from "./discovery-failure.js";
import { cloudsOf, discoverCloud } from "./instance-discovery.js";
import { checkedMetadata, discoveryUrl, forTenant, knownMetadata } from "./provider-metadata.js";
import { isGuid } from "./tenant-name.js";
import { isVouchedFor, vouchedCloud, type Vouchers } from "./vouched-host.js";

/** The application's configuration of authorities. */
export interface AuthorityOptions {
  readonly protocolMode: ProtocolMode;
  /** Hosts trusted by the application, in addition to those trusted by default. */
  readonly knownAuthorities: ReadonlySet<string>;
  /** Parsed `cloudDiscoveryMetadata`. */
  readonly cloudMetadata: Readonly<Record<string, unknown>> | undefined;
  /**
   * Parsed `authorityMetadata`: the discovery document of the application's own authority, used instead of fetching
   * it.
   */
  readonly authorityMetadata: Readonly<Record<string, unknown>> | undefined;
}

/** Lifetime of a resolved authority: a day. */
const LIFETIME_MS = 86_400_000;

/**
 * Maximum number of resolved authorities, after which the least recently used is evicted and resolved again when
 * needed.
 */
const MOST_AUTHORITIES = 20_000;

/** Resolves authority URLs, from tables where possible and otherwise by discovery, and caches the results. */
export class AuthorityResolver {
  readonly #options: AuthorityOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  /** The application's own authority, which nearly every call uses. */
  #own: { readonly text: string; readonly url: AuthorityUrl } | undefined;
  readonly #urls = new BoundedMap<AuthorityUrl>(MOST_AUTHORITIES);
  readonly #resolved = new BoundedMap<{ readonly authority: Authority; readonly until: number }>(
    MOST_AUTHORITIES,
  );
  readonly #clouds = new HostClouds();
  /** Tenant ids of authorities that name their tenant by a domain, by authority URL. */
  readonly #tenantIds = new BoundedMap<{ readonly id: string }>(MOST_AUTHORITIES);
  /** The first provider used at each host, and the hosts at which more than one is used. */
  readonly #providers = new BoundedMap<{ readonly name: string }>(MOST_AUTHORITIES);
  readonly #sharedHosts = new BoundedMap<true>(MOST_AUTHORITIES);
  readonly #flights = new SingleFlight();

  /** @param warn logs a warning, for an authority with an ignored path or query */
  constructor(
    options: AuthorityOptions,
    transport: Transport,
    clock: Clock,
    warn: (message: string) => void = () => undefined,
  ) {
    this.#options = options;
    this.#transport = transport;
    this.#clock = clock;
    this.#warn = warn;
    for (const cloud of cloudsOf(options.cloudMetadata ?? {})) this.#clouds.learn(cloud);
  }

  /**
   * Validates the configuration of the application's own authority, without sending requests.
   *
   * @throws ClientConfigurationError `invalid_authority_metadata`; see {@link authorityUrl}
   */
  check(text: string): void {
    const url = this.#parse(text);
    this.#own = { text, url };
    const { authorityMetadata } = this.#options;
    if (!authorityMetadata) return;
    try {
      checkedMetadata(authorityMetadata, url, "auth.authorityMetadata");
    } catch (cause) {
      const reason = isAuthError(cause) ? cause.errorMessage : String(cause);
      throw clientConfigurationError("invalid_authority_metadata", reason, { cause });
    }
  }

  /**
   * Parses an authority URL. Returns the same object for the same string.
   *
   * @throws ClientConfigurationError see {@link authorityUrl}
   */
  url(text: string): AuthorityUrl {
    const known = this.#own?.text === text ? this.#own.url : this.#urls.get(text);
    if (known) return known;
    const url = this.#parse(text);
    this.#urls.set(text, url);
    return url;
  }

  /** Returns every host known, without discovery, to belong to the same identity provider. */
  aliasesOf(host: string): ReadonlySet<string> {
    return this.#clouds.aliasesOf(host);
  }

  /** Whether a host is known, without discovery, to belong to the same identity provider as another. */
  isAlias(host: string, alias: string): boolean {
    return this.#clouds.isAlias(host, alias);
  }

  /** Whether the application uses several providers at a host: several issuers, or AD FS and Entra. */
  isShared(host: string): boolean {
    return this.#sharedHosts.get(host) ?? false;
  }

  /** Whether resolving a URL cannot reveal more aliases of its host. */
  knowsAliasesOf(url: AuthorityUrl): boolean {
    return isVouchedFor(url, this.#vouchers());
  }

  /**
   * Resolves the identity provider of a URL.
   *
   * @throws ClientAuthError `endpoints_resolution_error` with the reason as `cause`
   */
  async resolve(url: AuthorityUrl, call: Call): Promise<Authority> {
    const known = this.#resolved.get(url.href);
    if (known && this.#clock.now() < known.until) return known.authority;
    try {
      return await this.#flights.run(url.href, call.signal, async (signal) => {
        const authority = await this.#discover(url, { ...call, signal });
        this.#resolved.set(url.href, { authority, until: this.#clock.now() + LIFETIME_MS });
        return authority;
      });
    } catch (cause) {
      if (call.signal?.aborted) throw cause;
      const reason = isAuthError(cause) ? cause.errorMessage : String(cause);
      const text = `${url.href} cannot be resolved: ${reason}`;
      const context = { correlationId: call.correlationId, cause };
      throw withPauseOf(clientAuthError("endpoints_resolution_error", text, context), cause);
    }
  }

  /**
   * Returns the id of the tenant a URL names, if known. For a domain, it is known only once tokens have been
   * received.
   */
  tenantIdOf({ href, tenantId }: AuthorityUrl): string | undefined {
    return tenantId ?? this.#tenantIds.get(href)?.id;
  }

  /** Records the tenant id of a domain, from the tokens received for it. */
  learnTenant({ href, namesTenant, tenantId }: AuthorityUrl, id: string): void {
    if (namesTenant && tenantId === undefined) this.#tenantIds.set(href, { id: id.toLowerCase() });
  }

  async #discover(url: AuthorityUrl, call: Call): Promise<Authority> {
    const cloud = await this.#cloud(url, call);
    const metadata = await this.#metadata(url, cloud, call);
    return { url, cloud, metadata };
  }

  #cloud(url: AuthorityUrl, call: Call): Promise<Cloud> {
    const via = { transport: this.#transport, clock: this.#clock };
    return vouchedCloud(
      url,
      {
        ...this.#vouchers(),
        discover: async () => this.#clouds.learn(await discoverCloud(url, via, call)),
        alone: (host) => this.#clouds.alone(host),
      },
      call,
    );
  }

  #vouchers(): Omit<Vouchers, "discover" | "alone"> {
    const { knownAuthorities } = this.#options;
    return { own: this.#own?.url, knownAuthorities, discovered: this.#clouds.discovered };
  }

  #parse(text: string): AuthorityUrl {
    const url = authorityUrl(text, this.#options.protocolMode);
    this.#note(url);
    // A query may hold secrets, so it is not logged.
    if (url.hadMore) {
      this.#warn(
        `The authority "${printable(shownUrl(text))}" names an endpoint or has a query, so "${url.href}" is used instead: pass that as the authority.`,
      );
    }
    return url;
  }

  #note({ host, kind, href }: AuthorityUrl): void {
    const name = kind === "oidc" ? href : kind === "adfs" ? "adfs" : "entra";
    const known = this.#providers.get(host);
    if (!known) this.#providers.set(host, { name });
    else if (known.name !== name) this.#sharedHosts.set(host, true);
  }

  async #metadata(url: AuthorityUrl, cloud: Cloud, call: Call): Promise<ProviderMetadata> {
    const { authorityMetadata } = this.#options;
    const configured = authorityMetadata && forTenant(authorityMetadata, this.#own?.url, url);
    if (configured) return checkedMetadata(configured, url, "authorityMetadata");
    if (cloud.endpointsKnown && url.kind === "entra" && url.segments.length === 1)
      return knownMetadata(url, cloud);
    const document = discoveryUrl(url);
    const response = await this.#transport.get(document, call);
    const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
    if (!body) throw withPause(discoveryFailure(url, document, response, call), response, this.#clock);
    const metadata = checkedMetadata(body, url, document);
    if (!isIssuerOf(metadata.issuer, url, cloud)) {
      throw clientConfigurationError(
        "issuer_validation_failed",
        `the discovery document of ${url.href} names another issuer, "${metadata.issuer}": use that as the authority if it is the intended one.`,
        call,
      );
    }
    const tenantId = metadata.issuer.split("/").find(isGuid);
    if (tenantId) this.learnTenant(url, tenantId);
    return metadata;
  }
}
