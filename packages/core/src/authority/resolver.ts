import { BoundedMap } from "../bounded-map.js";
import { elapsed, type Clock } from "../clock.js";
import { errorText } from "../errors/error-text.js";
import { clientAuthError, clientConfigurationError, isAuthError } from "../errors/errors.js";
import { Failures } from "../http/failures.js";
import { inOwnTime, type Leader, type SharedWork } from "../http/shared-work.js";
import { withPauseOf } from "../http/throttle.js";
import { unlessLate } from "../http/unless-late.js";
import type { Call, Transport } from "../http/transport.js";
import { observed, serverOf, type Observer } from "../observer.js";
import { SingleFlight } from "../flight/single-flight.js";
import type { Authority } from "./authority.js";
import type { AuthorityOptions } from "./authority-options.js";
import type { AuthorityUrl } from "./authority-url.js";
import { AuthorityUrls, MOST_AUTHORITIES } from "./authority-urls.js";
import type { Cloud } from "./clouds.js";
import { documentMetadata, fetchDocument } from "./discovery-document.js";
import { HostClouds } from "./host-clouds.js";
import { cloudsOf, discoverCloud } from "./instance-discovery.js";
import { LearnedTenants } from "./learned-tenants.js";
import { configuredMetadata, unfetchedMetadata } from "./provider-metadata.js";
import { lastDocument, LIFETIME_MS, newerOf, REFETCH_PAUSE_MS, type Resolved } from "./resolved-authority.js";
import { isGuid } from "./tenant-name.js";
import { isVouchedFor, vouchedCloud, type Vouchers } from "./vouched-host.js";

/** Who is told of what the resolver does. */
interface Told {
  readonly warn: (message: string) => void;
  readonly observer: () => Observer | undefined;
}

/** Resolves authority URLs, from tables where possible and otherwise by discovery, and caches the results. */
export class AuthorityResolver {
  readonly #options: AuthorityOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  readonly #observer: () => Observer | undefined;
  readonly #urls: AuthorityUrls;
  readonly #resolved = new BoundedMap<Resolved>(MOST_AUTHORITIES);
  readonly #clouds = new HostClouds();
  readonly #tenants = new LearnedTenants();
  readonly #flights = new SingleFlight<Leader>();
  /** By authority URL. */
  readonly #failures: Failures;

  /** @param told `warn` logs a warning, for an authority that is not used as written or cannot be resolved again */
  constructor(options: AuthorityOptions, transport: Transport, clock: Clock, told: Partial<Told> = {}) {
    this.#options = options;
    this.#transport = transport;
    this.#clock = clock;
    this.#failures = new Failures(clock);
    this.#warn = told.warn ?? (() => undefined);
    this.#observer = told.observer ?? (() => undefined);
    this.#urls = new AuthorityUrls(options.protocolMode, this.#warn);
    for (const cloud of cloudsOf(options.cloudMetadata ?? {})) this.#clouds.learn(cloud);
  }

  /**
   * Validates the configuration of the application's own authority, without sending requests.
   *
   * @throws ClientConfigurationError `invalid_authority_metadata`; see {@link authorityUrl}
   */
  check(text: string): void {
    const url = this.#urls.setOwn(text);
    const { authorityMetadata } = this.#options;
    if (!authorityMetadata) return;
    try {
      this.#urls.setIssuer(configuredMetadata(authorityMetadata, url).issuer);
    } catch (cause) {
      const reason = isAuthError(cause) ? cause.errorMessage : errorText(cause);
      throw clientConfigurationError("invalid_authority_metadata", reason, { cause });
    }
  }

  /**
   * Parses an authority URL. Returns the same object for the same string.
   *
   * @throws ClientConfigurationError see {@link authorityUrl}
   */
  url(text: string): AuthorityUrl {
    return this.#urls.of(text);
  }

  /** Returns every host known, without discovery, to belong to the same identity provider. */
  aliasesOf(host: string): ReadonlySet<string> {
    return this.#clouds.aliasesOf(host);
  }

  /** Whether a host is known, without discovery, to belong to the same identity provider as another. */
  isAlias(host: string, alias: string): boolean {
    return this.#clouds.isAlias(host, alias);
  }

  /** Grows with whatever is learned about authorities, and may change where a token is looked for. */
  get revision(): number {
    return this.#urls.revision + this.#clouds.revision + this.#tenants.revision;
  }

  /** Whether the application uses several providers at a host: several issuers, or AD FS and Entra. */
  isShared(host: string): boolean {
    return this.#urls.isShared(host);
  }

  /** Whether resolving a URL cannot reveal more aliases of its host. */
  knowsAliasesOf(url: AuthorityUrl): boolean {
    return isVouchedFor(url, this.#vouchers());
  }

  /** Returns the identity provider of a URL if it has been resolved, and not too long ago. */
  resolved({ href }: AuthorityUrl): Authority | undefined {
    const known = this.#resolved.get(href);
    return known && elapsed(this.#clock) < known.until ? known.authority : undefined;
  }

  /**
   * Resolves the identity provider of a URL. After a failure, nothing is sent for a while; see {@link Failures}.
   *
   * @throws ClientAuthError `endpoints_resolution_error` with the reason as `cause`
   */
  async resolve(url: AuthorityUrl, call: Call): Promise<Authority> {
    const known = this.resolved(url);
    if (known) return known;
    try {
      const refusal =
        !this.#flights.leaderOf(url.href) && this.#failures.refusal(url.href, call.correlationId);
      if (refusal) throw refusal;
      return await this.#newerOrLast(url, call);
    } catch (cause) {
      if (call.signal?.aborted) throw cause;
      const reason = isAuthError(cause) ? cause.errorMessage : errorText(cause);
      const text = `${url.href} cannot be resolved: ${reason}`;
      const context = { correlationId: call.correlationId, cause };
      throw withPauseOf(clientAuthError("endpoints_resolution_error", text, context), cause);
    }
  }

  /** Returns the id of the tenant that a URL names. That of a domain is known once tokens have been received for it. */
  tenantIdOf(url: AuthorityUrl): string | undefined {
    return this.#tenants.idOf(url);
  }

  /** Records the tenant id of a domain, from the tokens received for it. */
  learnTenant(url: AuthorityUrl, id: string): void {
    this.#tenants.learn(url, id);
  }

  /**
   * Fetches the discovery document of a resolved authority again, because it may name other endpoints by now. Returns
   * the authority as it is known if that was done a moment ago, or if its endpoints do not come from a document.
   */
  async rediscover(authority: Authority, call: Call): Promise<Authority> {
    const { url } = authority;
    const known = this.#resolved.get(url.href);
    if (!known?.document) return authority;
    if (this.#flights.leaderOf(url.href) === undefined) {
      if (elapsed(this.#clock) < known.document.mayAskAgain) return known.authority;
      const document = { ...known.document, mayAskAgain: this.#nextRequest() };
      this.#resolved.set(url.href, { ...known, document });
    }
    return this.#resolveAgain(url, call);
  }

  async #newerOrLast(url: AuthorityUrl, call: Call): Promise<Authority> {
    const last = this.#resolved.get(url.href);
    const fetch = (inBackground: Call): Promise<Authority> => this.#resolveAgain(url, inBackground);
    if (!last || !lastDocument(last, elapsed(this.#clock))) return fetch(call);
    const onLate = (): void => this.#resolved.set(url.href, this.#lastKnown(url, "no newer one has come."));
    return (await unlessLate(call, fetch, onLate)) ?? last.authority;
  }

  #resolveAgain(url: AuthorityUrl, call: Call): Promise<Authority> {
    const own = { ...call, budget: call.budget ?? this.#transport.budget() };
    const start: SharedWork<Authority>["start"] = async (signal) => {
      const discover = (): Promise<Resolved> => this.#discover(url, { ...own, signal });
      try {
        const received = await observed(this.#observer(), "discovery", serverOf(url.host), discover);
        const resolved = newerOf(this.#resolved.get(url.href), received);
        this.#failures.forget(url.href);
        this.#resolved.set(url.href, resolved);
        return resolved.authority;
      } catch (error) {
        // While another call is asking the server again, this call's lack of time says nothing about the server.
        const counts = this.#flights.leaderOf(url.href) === own && !signal?.aborted;
        // A pause that the server asks for counts in any case.
        if (isAuthError(error) && (counts || error.retryAfterSeconds)) this.#failures.note(url.href, error);
        throw error;
      }
    };
    return inOwnTime(this.#flights, own, { key: url.href, what: "discovery document", start });
  }

  /** When a discovery document may be fetched again, by the monotonic clock. */
  #nextRequest(): number {
    return elapsed(this.#clock) + REFETCH_PAUSE_MS;
  }

  async #discover(url: AuthorityUrl, call: Call): Promise<Resolved> {
    const cloud = await this.#cloud(url, call);
    const requestedAt = elapsed(this.#clock);
    const until = requestedAt + LIFETIME_MS;
    const known = unfetchedMetadata(url, cloud, this.#options.authorityMetadata, this.#urls.own);
    if (known) return { authority: { url, cloud, metadata: known }, until };
    try {
      const last = lastDocument(this.#resolved.get(url.href), requestedAt);
      const via = { transport: this.#transport, clock: this.#clock, source: last?.source };
      const { source, body } = await fetchDocument(url, via, call);
      const metadata = documentMetadata({ source, body }, url, cloud, call);
      const tenantId = metadata.issuer.split("/").find(isGuid);
      if (tenantId) this.learnTenant(url, tenantId);
      const document = { source, requestedAt, mayAskAgain: this.#nextRequest() };
      return { authority: { url, cloud, metadata }, until, document };
    } catch (error) {
      // A document that names another issuer is refused: the last known one must not hide that.
      const isOfOther = isAuthError(error) && error.errorCode === "issuer_validation_failed";
      if (isOfOther || call.signal?.aborted) throw error;
      return this.#lastKnown(url, error);
    }
  }

  /** Returns what is known from the last discovery document. @throws the failure, if there is none or it is too old */
  #lastKnown(url: AuthorityUrl, failure: unknown): Resolved {
    const last = this.#resolved.get(url.href);
    const now = elapsed(this.#clock);
    const received = lastDocument(last, now);
    if (!last || !received) throw failure;
    const reason = isAuthError(failure) ? failure.errorMessage : errorText(failure);
    this.#warn(`The endpoints of ${url.href} are those of its last discovery document: ${reason}`);
    const document = { ...received, mayAskAgain: this.#nextRequest() };
    return { ...last, document, until: Math.max(last.until, now + REFETCH_PAUSE_MS) };
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
    return { own: this.#urls.own, knownAuthorities, discovered: this.#clouds.discovered };
  }
}
