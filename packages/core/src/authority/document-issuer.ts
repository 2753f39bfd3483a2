import type { AuthorityUrl } from "./authority-url.js";
import { isExternalIdHost, knownCloud, type Cloud } from "./clouds.js";
import { regionName } from "./region.js";
import { isGuid } from "./tenant-name.js";

/**
 * Whether a discovery document that was fetched for `authority` may name `issuer`: only if that is the issuer that was asked
 * for (OpenID Connect Discovery §4.3). No list of trusted hosts widens this, or one trusted provider could sign for another.
 *
 * For OpenID Providers the issuer is the authority, to the letter save one trailing slash. Microsoft's documents name the
 * tenant where the authority says its domain name, and hosts of the same cloud.
 */
export function isIssuerOf(issuer: string, authority: AuthorityUrl, cloud: Cloud): boolean {
  if (authority.kind === "oidc")
    return withoutSlash(issuer) === withoutSlash(authority.href) || isExternalId(issuer, authority);
  const parsed = parse(issuer);
  if (!parsed) return false;
  const own = new URL(authority.href);
  const sameOrigin = parsed.protocol === own.protocol && parsed.host === own.host;
  if (authority.kind === "adfs")
    return sameOrigin && [pathOf(authority), "adfs", "adfs/services/trust"].includes(parsed.path);
  const tenantIsRight = namesTenant(parsed.path, authority);
  if (sameOrigin && tenantIsRight) return true;
  if (parsed.protocol !== "https:") return false;
  const isMicrosofts = knownCloud(authority.host) !== undefined || authority.kind === "ciam";
  if (tenantIsRight && isOfCloud(parsed.host, cloud, isMicrosofts)) return true;
  if (authority.kind === "ciam" && isNameOfTenant(parsed, authority)) return true;
  const tenant = externalIdTenant(issuer);
  return (
    tenant !== undefined &&
    authority.segments.length === 1 &&
    !knownCloud(authority.host) &&
    standsFor(tenant, authority.tenant)
  );
}

/**
 * The tenant of External ID's issuers that go by the GUID, `https://{guid}.ciamlogin.com/{guid}/v2.0`, whatever domain the
 * document is served at.
 */
export function externalIdTenant(issuer: string): string | undefined {
  const [, host, path] = /^https:\/\/([^./]+)\.ciamlogin\.com\/([^/]+)\/v2\.0$/.exec(issuer) ?? [];
  return host !== undefined && host === path && isGuid(host) ? host.toLowerCase() : undefined;
}

/**
 * A tenant of External ID in OIDC mode: the authority names the tenant that the issuer names. At External ID's own hosts it
 * may go by its name, as in the other mode.
 */
function isExternalId(issuer: string, { host, segments }: AuthorityUrl): boolean {
  const [tenant = "", version = "v2.0", ...rest] = segments;
  const id = externalIdTenant(issuer);
  if (id === undefined || rest.length > 0 || version !== "v2.0") return false;
  return tenant.toLowerCase() === id || (isExternalIdHost(host) && !isGuid(tenant));
}

interface Issuer {
  readonly protocol: string;
  readonly host: string;
  /** In lower case, without the slashes around it and the version of the protocol. */
  readonly path: string;
}

function parse(issuer: string): Issuer | undefined {
  const written = /^https?:\/\/[^/?#@\\\s]+(\/[^?#\\\s]*)?$/i.exec(issuer);
  if (!written || !URL.canParse(issuer)) return undefined;
  const { protocol, host } = new URL(issuer);
  // From the text: URL would encode the braces of {tenantid}, and take dots away.
  const path = withoutSlash(written[1] ?? "").toLowerCase();
  return { protocol, host, path: path.replace(/\/v2\.0$/, "").slice(1) };
}

/** Hosts under which the cloud of the authority issues tokens. */
function isOfCloud(host: string, cloud: Cloud, isMicrosofts: boolean): boolean {
  const [region = ""] = host.split(".", 1);
  const hosts = [host, ...(regionName(region) === region ? [host.slice(region.length + 1)] : [])];
  return hosts.some(
    (name) =>
      (cloud.aliases.has(name) && (name === host || knownCloud(name) !== undefined)) ||
      // External ID and the hosts of former clouds issue in the name of a cloud they are no alias of.
      (isMicrosofts && !cloud.endpointsKnown && knownCloud(name) !== undefined),
  );
}

/** The authority's own path; or the tenant alone, or between `tfp` and the policy, as B2C writes it. */
function namesTenant(path: string, authority: AuthorityUrl): boolean {
  if (path === pathOf(authority)) return true;
  const { segments } = authority;
  const [tenant = "", policy] = segments[0] === "tfp" ? segments.slice(1) : segments;
  const [first = "", named = "", ...rest] = path.split("/");
  if (first === "tfp") return rest.length === 1 && rest[0] === policy && standsFor(named, tenant);
  return named === "" && standsFor(first, tenant);
}

/** A tenant is named as it was asked for, by the placeholder, or by its id, which only the document tells for a domain name. */
function standsFor(named: string, tenant: string): boolean {
  return named === tenant || named === "{tenantid}" || (isGuid(named) && !isGuid(tenant));
}

/** External ID by the tenant's name: `https://{name}.ciamlogin.com`, with the name or its domain in the path, or without. */
function isNameOfTenant({ host, path }: Issuer, { tenant }: AuthorityUrl): boolean {
  const name = tenant.replace(/\.onmicrosoft\.com$/, "");
  return host === `${name}.ciamlogin.com` && ["", name, `${name}.onmicrosoft.com`].includes(path);
}

function pathOf({ segments }: AuthorityUrl): string {
  return segments.join("/");
}

function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
