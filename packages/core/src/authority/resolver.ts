import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { clientAuthError, clientConfigurationError, isAuthError } from "../errors/errors.js";
import { isThrottled, statusOf, withPause } from "../http/throttle.js";
import type { Call, Transport } from "../http/transport.js";
import { SingleFlight } from "../flight/single-flight.js";
import type { Authority, ProviderMetadata } from "./authority.js";
import { authorityUrl, type AuthorityUrl, type ProtocolMode } from "./authority-url.js";
import { knownCloud, MULTI_TENANT_SEGMENTS, selfCloud, type Cloud } from "./clouds.js";
import { isIssuerOf } from "./document-issuer.js";
import { cloudsOf, discoverCloud } from "./instance-discovery.js";
import { checkedMetadata, discoveryUrl, forTenant, knownMetadata } from "./provider-metadata.js";
import { isGuid } from "./tenant-name.js";
import { isVouchedFor, vouchedCloud, type Vouchers } from "./vouched-host.js";

/** What the application's configuration says about authorities. */
export interface AuthorityOptions {
  readonly protocolMode: ProtocolMode;
  /** Hosts the application vouches for, beside the ones that vouch for themselves. */
  readonly knownAuthorities: ReadonlySet<string>;
  /** Parsed `cloudDiscoveryMetadata`. */
  readonly cloudMetadata: Readonly<Record<string, unknown>> | undefined;
  /** Parsed `authorityMetadata`: the discovery document of the application's own authority, which is then not fetched. */
  readonly authorityMetadata: Readonly<Record<string, unknown>> | undefined;
}

/** Answers are asked for again after a day. */
const LIFETIME_MS = 86_400_000;

/** Tenants and hosts an application may talk to before the least used is forgotten (and asked for again). */
const MOST_AUTHORITIES = 20_000;

/** Finds out who an authority URL names: from tables where it can, by discovery where it must, once. */
export class AuthorityResolver {
  readonly #options: AuthorityOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  /** The application's own authority, which nearly every call names. */
  #own: { readonly text: string; readonly url: AuthorityUrl } | undefined;
  readonly #urls = new BoundedMap<AuthorityUrl>(MOST_AUTHORITIES);
  readonly #resolved = new BoundedMap<{ readonly authority: Authority; readonly until: number }>(
    MOST_AUTHORITIES,
  );
  readonly #discovered = new Map<string, Cloud>();
  /** Hosts of which nothing is known yet: the same object each time, so that questions to the cache compare equal. */
  readonly #alone = new BoundedMap<Cloud>(1000);
  /** Ids of tenants that are named by a domain, by the URL of their authority. */
  readonly #tenantIds = new BoundedMap<{ readonly id: string }>(MOST_AUTHORITIES);
  /** The provider that was named first at each host, and the hosts at which another one was named, too. */
  readonly #providers = new BoundedMap<{ readonly name: string }>(MOST_AUTHORITIES);
  readonly #sharedHosts = new BoundedMap<true>(MOST_AUTHORITIES);
  readonly #flights = new SingleFlight();

  constructor(options: AuthorityOptions, transport: Transport, clock: Clock) {
    this.#options = options;
    this.#transport = transport;
    this.#clock = clock;
    for (const cloud of cloudsOf(options.cloudMetadata ?? {})) this.#learn(cloud);
  }

  /**
   * Checks what the configuration says of the application's own authority, before anything is asked.
   *
   * @throws ClientConfigurationError `invalid_authority_metadata`; see {@link authorityUrl}
   */
  check(text: string): void {
    const url = authorityUrl(text, this.#options.protocolMode);
    this.#own = { text, url };
    this.#note(url);
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
   * An authority URL, taken apart; the same object for the same text.
   *
   * @throws ClientConfigurationError see {@link authorityUrl}
   */
  url(text: string): AuthorityUrl {
    const known = this.#own?.text === text ? this.#own.url : this.#urls.get(text);
    if (known) return known;
    const url = authorityUrl(text, this.#options.protocolMode);
    this.#urls.set(text, url);
    this.#note(url);
    return url;
  }

  /** Every host that is known, without asking, to mean the same identity provider. */
  aliasesOf(host: string): ReadonlySet<string> {
    return (this.#discovered.get(host) ?? knownCloud(host) ?? this.#aloneCloud(host)).aliases;
  }

  /** Whether the application has named several providers at a host: issuers of one host, or an AD FS beside Entra. */
  isShared(host: string): boolean {
    return this.#sharedHosts.get(host) ?? false;
  }

  /** Whether resolving a URL cannot teach more names of its host. */
  knowsAliasesOf(url: AuthorityUrl): boolean {
    return isVouchedFor(url, this.#vouchers());
  }

  /**
   * The identity provider behind a URL.
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
      const error = clientAuthError(
        "endpoints_resolution_error",
        `${url.href} cannot be resolved: ${reason}`,
        {
          correlationId: call.correlationId,
          cause,
        },
      );
      const { retryAfterSeconds } = isAuthError(cause) ? cause : error;
      throw Object.assign(error, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
    }
  }

  /** Whether a URL names one tenant of Entra, by its id or a domain. */
  namesTenant({ kind, segments, tenant }: AuthorityUrl): boolean {
    return kind === "entra" && segments.length === 1 && !MULTI_TENANT_SEGMENTS.has(tenant);
  }

  /** The id of the tenant a URL names, if it is known: a domain does not say it. */
  tenantIdOf(url: AuthorityUrl): string | undefined {
    return isGuid(url.tenant) ? url.tenant : this.#tenantIds.get(url.href)?.id;
  }

  /** Takes down which tenant a domain stands for, as the tokens that came from there say. */
  learnTenant(url: AuthorityUrl, tenantId: string): void {
    if (!this.namesTenant(url) || isGuid(url.tenant)) return;
    this.#tenantIds.set(url.href, { id: tenantId.toLowerCase() });
  }

  async #discover(url: AuthorityUrl, call: Call): Promise<Authority> {
    const cloud = await this.#cloud(url, call);
    const metadata = await this.#metadata(url, cloud, call);
    return { url, cloud, metadata };
  }

  #cloud(url: AuthorityUrl, call: Call): Promise<Cloud> {
    return vouchedCloud(
      url,
      {
        ...this.#vouchers(),
        discover: async () =>
          this.#learn(await discoverCloud(url, { transport: this.#transport, clock: this.#clock }, call)),
        alone: (host) => this.#aloneCloud(host),
      },
      call,
    );
  }

  #vouchers(): Omit<Vouchers, "discover" | "alone"> {
    const { knownAuthorities } = this.#options;
    return { own: this.#own?.url, knownAuthorities, discovered: this.#discovered };
  }

  #note({ host, kind, href }: AuthorityUrl): void {
    const name = kind === "oidc" ? href : kind === "adfs" ? "adfs" : "entra";
    const known = this.#providers.get(host);
    if (!known) this.#providers.set(host, { name });
    else if (known.name !== name) this.#sharedHosts.set(host, true);
  }

  #aloneCloud(host: string): Cloud {
    const known = this.#alone.get(host);
    if (known) return known;
    const alone = selfCloud(host);
    this.#alone.set(host, alone);
    return alone;
  }

  #learn(cloud: Cloud): Cloud {
    for (const alias of cloud.aliases) this.#discovered.set(alias, cloud);
    return cloud;
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
    if (!body) {
      const error = clientAuthError(
        "openid_config_error",
        `${document} answered ${statusOf(response)} without a discovery document${isThrottled(response) ? "" : ": check the authority, or name its real path"}.`,
        call,
      );
      throw withPause(error, response, this.#clock);
    }
    const metadata = checkedMetadata(body, url, document);
    if (!isIssuerOf(metadata.issuer, url, cloud)) {
      throw clientConfigurationError(
        "issuer_validation_failed",
        `the discovery document of ${url.href} names another issuer, "${metadata.issuer}": use that as the authority if it is the one you mean.`,
        call,
      );
    }
    const tenantId = metadata.issuer.split("/").find(isGuid);
    if (tenantId) this.learnTenant(url, tenantId);
    return metadata;
  }
}
