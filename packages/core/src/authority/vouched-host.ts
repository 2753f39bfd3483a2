import { clientConfigurationError } from "../errors/errors.js";
import { isLoopback, shownUrl } from "../http/secure-url.js";
import type { Call } from "../http/transport.js";
import { printable } from "../printable.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud, type Cloud } from "./clouds.js";

/** What an application goes by when it decides whether to talk to a host. */
export interface Vouchers {
  /** The application's own authority, from its configuration. */
  readonly own: AuthorityUrl | undefined;
  /** Hosts the configuration lists. */
  readonly knownAuthorities: ReadonlySet<string>;
  /** Hosts from `cloudDiscoveryMetadata` and from instance discovery. */
  readonly discovered: ReadonlyMap<string, Cloud>;
  /** Asks Entra about a host. Throws if Entra does not know it. */
  readonly discover: () => Promise<Cloud>;
  /** The cloud of a host that has no other names. */
  readonly alone: (host: string) => Cloud;
}

/**
 * A host of `knownAuthorities`, as authorities are compared with it. People write it bare, or as the authority itself.
 *
 * @throws ClientConfigurationError `invalid_option` for an entry that names no single host
 */
export function knownHost(entry: unknown): string {
  const text = typeof entry === "string" ? entry.trim() : "";
  const href = /^[a-z]+:\/\//i.test(text) ? text : `https://${text.replace(/^\/\//, "")}`;
  const isWeb = URL.canParse(href) && /^https?:\/\/[^/@]+([/?#]|$)/i.test(href);
  const host = isWeb ? new URL(href).host : "";
  if (/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d+)?$/.test(host)) return host;
  throw clientConfigurationError(
    "invalid_option",
    `knownAuthorities has an entry ${typeof entry === "string" ? `"${printable(shownUrl(entry))}"` : `of type ${typeof entry}`}, which names no single host: give each host by itself, such as "login.contoso.com".`,
  );
}

/** Why a host is vouched for, for each kind of authority; `undefined` where Entra has to be asked. */
type Reason =
  | "the table of clouds lists it"
  | "cloud metadata lists it"
  | "knownAuthorities lists it"
  | "the domain is Microsoft's"
  | "it is the configured provider"
  | "application and provider are both on this machine";

/**
 * The cloud of a host that may be talked to: the only place that decides so. Everything else that an authority sends,
 * a discovery request included, comes after it.
 *
 * @throws ClientConfigurationError `untrusted_authority` for a host that nothing vouches for
 */
export async function vouchedCloud(url: AuthorityUrl, vouchers: Vouchers, call: Call): Promise<Cloud> {
  if (reasonToTrust(url, vouchers))
    return vouchers.discovered.get(url.host) ?? knownCloud(url.host) ?? vouchers.alone(url.host);
  // Entra answers for the hosts of its own clouds only.
  if (url.kind !== "oidc") return vouchers.discover();
  throw clientConfigurationError(
    "untrusted_authority",
    `the host "${url.host}" is not that of the application's own authority: list it in knownAuthorities if you trust it.`,
    call,
  );
}

/** Whether a host is vouched for without Entra being asked: that cannot teach more of its names then. */
export function isVouchedFor(url: AuthorityUrl, vouchers: Omit<Vouchers, "discover" | "alone">): boolean {
  return reasonToTrust(url, vouchers) !== undefined;
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
  // Entra and AD FS get no such credit: a URL template that a tenant was put into makes the configuration's host, too.
  if (url.kind === "oidc" && own?.kind === "oidc" && own.host === url.host)
    return "it is the configured provider";
  // An application of the network must not be led to a port of this machine.
  if (isOnThisMachine(url) && own && isOnThisMachine(own))
    return "application and provider are both on this machine";
  return undefined;
}

function isOnThisMachine({ href }: AuthorityUrl): boolean {
  return isLoopback(new URL(href).hostname);
}
