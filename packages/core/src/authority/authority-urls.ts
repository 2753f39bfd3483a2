import { BoundedMap } from "../bounded-map.js";
import { shownUrl } from "../http/secure-url.js";
import { printable } from "../printable.js";
import { isIssuerOf } from "./issuer.js";
import { authorityUrl, type AuthorityUrl, type ProtocolMode } from "./authority-url.js";

/**
 * Maximum number of authorities to remember, after which the least recently used is evicted and parsed or resolved
 * again when needed.
 */
export const MOST_AUTHORITIES = 20_000;

/** The authority URLs of an application, parsed once each. */
export class AuthorityUrls {
  readonly #protocolMode: ProtocolMode;
  readonly #warn: (message: string) => void;
  /** The application's own authority, which nearly every call uses. */
  #own: { readonly text: string; readonly url: AuthorityUrl } | undefined;
  readonly #urls = new BoundedMap<AuthorityUrl>(MOST_AUTHORITIES);
  /** The first provider used at each host, and the hosts at which more than one is used. */
  readonly #providers = new BoundedMap<{ readonly name: string }>(MOST_AUTHORITIES);
  readonly #sharedHosts = new BoundedMap<true>(MOST_AUTHORITIES);

  /** @param warn logs a warning, for an authority with an ignored path or query */
  constructor(protocolMode: ProtocolMode, warn: (message: string) => void) {
    this.#protocolMode = protocolMode;
    this.#warn = warn;
  }

  /** Incremented with each host at which a second provider is used. */
  revision = 0;

  /** The application's own authority. */
  get own(): AuthorityUrl | undefined {
    return this.#own?.url;
  }

  /**
   * Sets the application's own authority.
   *
   * @throws ClientConfigurationError see {@link authorityUrl}
   */
  setOwn(text: string): AuthorityUrl {
    const url = this.#parse(text);
    this.#own = { text, url };
    return url;
  }

  /** Names the issuer of the application's own authority, if it is an OpenID Provider whose URL is not its issuer. */
  setIssuer(issuer: string): void {
    const own = this.#own;
    if (own?.url.kind === "oidc" && !isIssuerOf(issuer, own.url))
      this.#own = { ...own, url: { ...own.url, issuer } };
  }

  /**
   * Parses an authority URL. Returns the same object for the same string.
   *
   * @throws ClientConfigurationError see {@link authorityUrl}
   */
  of(text: string): AuthorityUrl {
    const known = this.#own?.text === text ? this.#own.url : this.#urls.get(text);
    if (known) return known;
    const url = this.#parse(text);
    this.#urls.set(text, url);
    return url;
  }

  /** Whether the application uses several providers at a host: several issuers, or AD FS and Entra. */
  isShared(host: string): boolean {
    return this.#sharedHosts.get(host) ?? false;
  }

  #parse(text: string): AuthorityUrl {
    const parsed = authorityUrl(text, this.#protocolMode);
    const issuer = this.#own?.url.href === parsed.href ? this.#own.url.issuer : undefined;
    const url = issuer === undefined ? parsed : { ...parsed, issuer };
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
    else if (known.name !== name && !this.isShared(host)) {
      this.#sharedHosts.set(host, true);
      this.revision += 1;
    }
  }
}
