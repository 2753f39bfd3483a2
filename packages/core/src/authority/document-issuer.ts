import { parsedUrl } from "../http/secure-url.js";
import type { AuthorityUrl } from "./authority-url.js";
import { isExternalIdHost, knownCloud, type Cloud } from "./clouds.js";
import { regionName } from "./region.js";
import { withCanonicalOrigin, withoutSlash } from "./same-origin.js";
import { isGuid } from "./tenant-name.js";

/**
 * Whether a discovery document fetched for `authority` may name `issuer`: only if it is the issuer of that authority
 * (OpenID Connect Discovery §4.3). Lists of trusted hosts do not extend this, because one trusted provider could then
 * sign for another.
 *
 * For OpenID Providers, the issuer must equal the authority exactly, except for one trailing slash. Microsoft's
 * documents may name the tenant by id where the authority names its domain, and other hosts of the same cloud.
 */
export function isDocumentIssuer(issuer: string, authority: AuthorityUrl, cloud: Cloud): boolean {
  if (authority.kind === "oidc")
    return (
      withoutSlash(withCanonicalOrigin(issuer)) === withoutSlash(authority.href) ||
      isExternalId(issuer, authority)
    );
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
 * Returns the tenant of an External ID issuer that is named by GUID, `https://{guid}.ciamlogin.com/{guid}/v2.0`,
 * regardless of the domain that serves the document.
 */
export function externalIdTenant(issuer: string): string | undefined {
  const [, host, path] = /^https:\/\/([^./]+)\.ciamlogin\.com\/([^/]+)\/v2\.0$/.exec(issuer) ?? [];
  return host !== undefined && host === path && isGuid(host) ? host.toLowerCase() : undefined;
}

/**
 * Whether the authority, in OIDC mode, is an External ID tenant and names the issuer's tenant. On the hosts of External ID
 * itself, it may use the tenant's name, as in the other mode.
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
  /** In lower case, without surrounding slashes and the protocol version. */
  readonly path: string;
}

function parse(issuer: string): Issuer | undefined {
  const written = /^https?:\/\/[^/?#@\\\s]+(\/[^?#\\\s]*)?$/i.exec(issuer);
  const url = written && parsedUrl(issuer);
  if (!url) return undefined;
  const { protocol, host } = url;
  // Taken from the string, because URL would encode the braces of {tenantid} and remove dot segments.
  const path = withoutSlash(written?.[1] ?? "").toLowerCase();
  return { protocol, host, path: path.replace(/\/v2\.0$/, "").slice(1) };
}

/** Whether the authority's cloud issues tokens under a host. */
function isOfCloud(host: string, cloud: Cloud, isMicrosofts: boolean): boolean {
  const [region = ""] = host.split(".", 1);
  const hosts = [host, ...(regionName(region) === region ? [host.slice(region.length + 1)] : [])];
  return hosts.some(
    (name) =>
      (cloud.aliases.has(name) && (name === host || knownCloud(name) !== undefined)) ||
      // External ID and hosts of former clouds issue tokens for a cloud whose alias they are not.
      (isMicrosofts && !cloud.endpointsKnown && knownCloud(name) !== undefined),
  );
}

/**
 * Whether a path names the authority's tenant: the authority's own path, the tenant alone, or the tenant between
 * `tfp` and the policy, as in B2C.
 */
function namesTenant(path: string, authority: AuthorityUrl): boolean {
  if (path === pathOf(authority)) return true;
  const { segments } = authority;
  const [tenant = "", policy] = segments[0] === "tfp" ? segments.slice(1) : segments;
  const [first = "", named = "", ...rest] = path.split("/");
  if (first === "tfp") return rest.length === 1 && rest[0] === policy && standsFor(named, tenant);
  return named === "" && standsFor(first, tenant);
}

/**
 * Whether a name stands for a tenant: the same name, the placeholder, or an id, if the authority names the tenant by
 * domain.
 */
function standsFor(named: string, tenant: string): boolean {
  return named === tenant || named === "{tenantid}" || (isGuid(named) && !isGuid(tenant));
}

/**
 * Whether an External ID issuer names the tenant: `https://{name}.ciamlogin.com`, optionally with the name or its
 * domain in the path.
 */
function isNameOfTenant({ host, path }: Issuer, { tenant }: AuthorityUrl): boolean {
  const name = tenant.replace(/\.onmicrosoft\.com$/, "");
  return host === `${name}.ciamlogin.com` && ["", name, `${name}.onmicrosoft.com`].includes(path);
}

function pathOf({ segments }: AuthorityUrl): string {
  return segments.join("/");
}
