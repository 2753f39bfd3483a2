import { BoundedMap } from "../bounded-map.js";
import type { Clock } from "../clock.js";
import { parseJsonObject } from "../encoding.js";
import { AuthError, clientAuthError, clientConfigurationError } from "../errors/errors.js";
import { isLoopback, secureEndpoint } from "../http/secure-url.js";
import type { Call, Transport } from "../http/transport.js";
import { SingleFlight } from "../flight/single-flight.js";
import type { Authority, ProviderMetadata } from "./authority.js";
import { authorityUrl, type AuthorityUrl, type ProtocolMode } from "./authority-url.js";
import { knownCloud, selfCloud, type Cloud } from "./clouds.js";
import { cloudsOf, discoverCloud } from "./instance-discovery.js";
import { issuerMatchesAuthority, type KnownAuthorities } from "./issuer.js";

/** What the application's configuration says about authorities. */
export interface AuthorityOptions {
  readonly protocolMode: ProtocolMode;
  /** Hosts that need no instance discovery. */
  readonly knownAuthorities: KnownAuthorities;
  /** Parsed `cloudDiscoveryMetadata`. */
  readonly cloudMetadata: Readonly<Record<string, unknown>> | undefined;
  /** Parsed `authorityMetadata`: a discovery document that is not fetched. */
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
    const { authorityMetadata } = this.#options;
    if (!authorityMetadata) return;
    try {
      checkedMetadata(authorityMetadata, url, "auth.authorityMetadata");
    } catch (cause) {
      const reason = cause instanceof AuthError ? cause.errorMessage : String(cause);
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
    return url;
  }

  /** Every host that is known, without asking, to mean the same identity provider. */
  aliasesOf(host: string): ReadonlySet<string> {
    return (this.#discovered.get(host) ?? knownCloud(host) ?? this.#aloneCloud(host)).aliases;
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
      const reason = cause instanceof AuthError ? cause.errorMessage : String(cause);
      throw clientAuthError("endpoints_resolution_error", `${url.href} cannot be resolved: ${reason}`, {
        correlationId: call.correlationId,
        cause,
      });
    }
  }

  async #discover(url: AuthorityUrl, call: Call): Promise<Authority> {
    const cloud = await this.#cloud(url, call);
    const metadata = await this.#metadata(url, cloud, call);
    return { url, cloud, metadata };
  }

  async #cloud(url: AuthorityUrl, call: Call): Promise<Cloud> {
    const { knownAuthorities } = this.#options;
    const known = this.#discovered.get(url.host) ?? knownCloud(url.host);
    if (known) return known;
    // These vouch for themselves: their discovery document is checked against their own host.
    const selfContained =
      url.kind !== "entra" || knownAuthorities.has(url.host) || isLoopback(new URL(url.href).hostname);
    return selfContained
      ? this.#aloneCloud(url.host)
      : this.#learn(await discoverCloud(url, this.#transport, call));
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
    const { authorityMetadata, knownAuthorities } = this.#options;
    if (authorityMetadata) return checkedMetadata(authorityMetadata, url, "authorityMetadata");
    if (cloud.endpointsKnown && url.kind === "entra" && url.segments.length === 1)
      return knownMetadata(url, cloud);
    const document = discoveryUrl(url);
    const response = await this.#transport.get(document, call);
    const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
    if (!body) {
      throw clientAuthError(
        "openid_config_error",
        `${document} answered HTTP ${response.status} without a discovery document: check the authority, or name its real path.`,
        call,
      );
    }
    const metadata = checkedMetadata(body, url, document);
    if (!issuerMatchesAuthority(metadata.issuer, url, knownAuthorities)) {
      throw clientConfigurationError(
        "issuer_validation_failed",
        `the discovery document of ${url.href} names another issuer, "${metadata.issuer}": use that as the authority, or list its host in knownAuthorities if you trust it.`,
        call,
      );
    }
    return metadata;
  }
}

function discoveryUrl(url: AuthorityUrl): string {
  const v2 = url.kind === "oidc" || url.kind === "adfs" ? "" : "v2.0/";
  return `${url.href}${v2}.well-known/openid-configuration`;
}

function knownMetadata(url: AuthorityUrl, cloud: Cloud): ProviderMetadata {
  const base = `https://${cloud.preferredNetwork}/${url.tenant}`;
  return {
    // Multi-tenant authorities issue under each user's own tenant.
    issuer: `https://${cloud.preferredNetwork}/{tenantid}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
  };
}

const REQUIRED_ENDPOINTS = ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const;

function checkedMetadata(
  body: Readonly<Record<string, unknown>>,
  url: AuthorityUrl,
  source: string,
): ProviderMetadata {
  const issuer = body["issuer"];
  if (typeof issuer !== "string" || issuer === "") throw badMetadata(source, "issuer is missing");
  const endpoints: Record<string, string> = {};
  for (const [name, value] of Object.entries(body)) {
    const required = (REQUIRED_ENDPOINTS as readonly string[]).includes(name);
    if (!required && !name.endsWith("_endpoint")) continue;
    // Only what the library cannot do without fails for everybody.
    if (typeof value !== "string" && required) throw badMetadata(source, `${name} is not a string`);
    if (typeof value !== "string") continue;
    const endpoint = value.replace(/\{tenant(id)?\}/gi, url.tenant);
    secureEndpoint(endpoint, name, url.href);
    endpoints[name] = endpoint;
  }
  const [authorization, token, jwks] = REQUIRED_ENDPOINTS.map((name) => {
    const endpoint = endpoints[name];
    if (!endpoint) throw badMetadata(source, `${name} is missing`);
    return endpoint;
  });
  return {
    ...body,
    ...endpoints,
    issuer,
    authorization_endpoint: authorization ?? "",
    token_endpoint: token ?? "",
    jwks_uri: jwks ?? "",
  };
}

function badMetadata(source: string, what: string): Error {
  return clientAuthError(
    "openid_config_error",
    `the discovery document (${source}) cannot be used: ${what}.`,
  );
}
