import { clientConfigurationError } from "../errors/errors.js";
import { isLoopback, parsedUrl, shownUrl } from "../http/secure-url.js";
import type { Call } from "../http/transport.js";
import { printable } from "../printable.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud, type Cloud } from "./clouds.js";

/** The sources of trust in a host. */
export interface Vouchers {
  /** The application's own authority, from its configuration. */
  readonly own: AuthorityUrl | undefined;
  /** Hosts listed in the configuration. */
  readonly knownAuthorities: ReadonlySet<string>;
  /** Hosts from `cloudDiscoveryMetadata` and from instance discovery. */
  readonly discovered: ReadonlyMap<string, Cloud>;
  /** Asks Entra about the host. Throws if Entra does not know it. */
  readonly discover: () => Promise<Cloud>;
  /** Returns the cloud of a host without aliases. */
  readonly alone: (host: string) => Cloud;
}

/**
 * Returns the host of an entry of `knownAuthorities`, which may be a plain host or a URL.
 *
 * @throws ClientConfigurationError `invalid_option` for an entry that does not name a single host
 */
export function knownHost(entry: unknown): string {
  const text = typeof entry === "string" ? entry.trim() : "";
  const href = /^[a-z]+:\/\//i.test(text) ? text : `https://${text.replace(/^\/\//, "")}`;
  const isWeb = /^https?:\/\/[^/@]+([/?#]|$)/i.test(href);
  const host = (isWeb && parsedUrl(href)?.host) || "";
  if (/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d+)?$/.test(host)) return host;
  throw clientConfigurationError(
    "invalid_option",
    `knownAuthorities has an entry ${typeof entry === "string" ? `"${printable(shownUrl(entry))}"` : `of type ${typeof entry}`}, which does not name a single host: pass each host as an entry of its own, such as "login.contoso.com".`,
  );
}

/** Why a host is trusted without asking Entra. */
type Reason =
  | "the table of clouds lists it"
  | "cloud metadata lists it"
  | "knownAuthorities lists it"
  | "the domain is Microsoft's"
  | "it is the configured provider"
  | "application and provider are both on this machine";

/**
 * Returns the cloud of a trusted host. This is the only place that decides whether a host is trusted, and it precedes
 * every request to the authority, including discovery.
 *
 * @throws ClientConfigurationError `untrusted_authority` for a host that is not trusted
 */
export async function vouchedCloud(url: AuthorityUrl, vouchers: Vouchers, call: Call): Promise<Cloud> {
  if (reasonToTrust(url, vouchers))
    return vouchers.discovered.get(url.host) ?? knownCloud(url.host) ?? vouchers.alone(url.host);
  // Entra knows only the hosts of its own clouds.
  if (url.kind !== "oidc") return vouchers.discover();
  throw clientConfigurationError(
    "untrusted_authority",
    `the host "${url.host}" is not that of the application's own authority: list it in knownAuthorities if you trust it.`,
    call,
  );
}

/** Whether a host is trusted without asking Entra, which then cannot reveal more of its aliases. */
export function isVouchedFor(url: AuthorityUrl, vouchers: Omit<Vouchers, "discover" | "alone">): boolean {
  return reasonToTrust(url, vouchers) !== undefined;
}

/**
 * Refuses to send a client's credential to an OpenID issuer that it does not belong to: another one than the application's
 * own, also on the same host, unless the configuration lists the host.
 *
 * @throws ClientConfigurationError `untrusted_authority`
 */
export function requireOwnIssuer(
  url: AuthorityUrl,
  { own, knownAuthorities }: Pick<Vouchers, "own" | "knownAuthorities">,
): void {
  if (url.kind !== "oidc" || own?.href === url.href || knownAuthorities.has(url.host)) return;
  throw clientConfigurationError(
    "untrusted_authority",
    `${url.href} is another issuer than the application's own, to which its credential belongs: list "${url.host}" in knownAuthorities if the registration is valid there as well.`,
  );
}

function reasonToTrust(
  url: AuthorityUrl,
  vouchers: Omit<Vouchers, "discover" | "alone">,
): Reason | undefined {
  const { own, knownAuthorities, discovered } = vouchers;
  if (discovered.has(url.host)) return "cloud metadata lists it";
  if (knownCloud(url.host)) return "the table of clouds lists it";
  if (knownAuthorities.has(url.host)) return "knownAuthorities lists it";
  if (url.kind === "ciam") return "the domain is Microsoft's";
  // Not for Entra and AD FS, where a value inserted into a URL template could change the host of the configured
  // authority.
  if (url.kind === "oidc" && own?.kind === "oidc" && own.host === url.host)
    return "it is the configured provider";
  // An application whose provider is on the network must not be directed to a port of this machine.
  if (isOnThisMachine(url) && own && isOnThisMachine(own))
    return "application and provider are both on this machine";
  return undefined;
}

function isOnThisMachine({ href }: AuthorityUrl): boolean {
  return isLoopback(new URL(href).hostname);
}
