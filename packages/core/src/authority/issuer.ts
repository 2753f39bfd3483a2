import { parsedUrl } from "../http/secure-url.js";
import type { Authority } from "./authority.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud, V1_ISSUER_HOSTS } from "./clouds.js";
import { externalIdTenant } from "./document-issuer.js";
import { withCanonicalOrigin, withoutSlash } from "./same-origin.js";
import { isGuid, isTenantName } from "./tenant-name.js";

/**
 * Whether an ID token of `authority` may have the issuer `iss` (OpenID Connect Core §3.1.3.7 (2)). `{tenantid}` in
 * Entra's multi-tenant issuer stands for the token's `tid`. An External ID issuer that is named by the tenant's GUID
 * issues only for that tenant.
 */
export function idTokenIssuerMatches(
  { url: authority, metadata, cloud: { aliases } }: Authority,
  { iss, tid }: { readonly iss: string; readonly tid: unknown },
): boolean {
  const documentIssuer = metadata.issuer;
  const tenant = typeof tid === "string" && isTenantName(tid) ? tid : "";
  const externalId = externalIdTenant(documentIssuer);
  if (externalId !== undefined && externalId !== tenant.toLowerCase()) return false;
  const isEntraUser = authority.kind === "entra" && tenant !== "";
  // If the authority names a tenant id, the token must have it. For a domain or `common`, only the token holds the
  // id.
  if (isEntraUser && isGuid(authority.tenant) && authority.tenant !== tenant.toLowerCase()) return false;
  if (iss === documentIssuer.replace(/\{tenantid\}/i, () => tenant)) return true;
  if (authority.kind === "oidc") return withCanonicalOrigin(iss) === withCanonicalOrigin(documentIssuer);
  if (!isEntraUser) return false;
  // Entra's v1.0 issuer is accepted only for Entra's own hosts, not for others configured as Entra.
  if (iss === `https://sts.windows.net/${tenant}/`)
    return knownCloud(authority.host) !== undefined || aliases.has("sts.windows.net");
  return [...aliases].some((host) => iss === `https://${host}/${tenant}/v2.0`);
}

/** Whether two strings name the same issuer: they are equal except for one trailing slash and the spelling of the origin. */
export function sameIssuer(a: string, b: string): boolean {
  return a === b || withoutSlash(withCanonicalOrigin(a)) === withoutSlash(withCanonicalOrigin(b));
}

/**
 * Whether a key may sign for the issuer of a token. Entra's key sets serve several issuers, and each key names its
 * own; `{tenantid}` stands for any tenant.
 */
export function keySpeaksFor(
  keyIssuer: unknown,
  token: Readonly<Record<string, unknown>>,
  { url, cloud }: Pick<Authority, "url" | "cloud">,
): boolean {
  if (keyIssuer === undefined || keyIssuer === null) return true;
  const { iss, tid } = token;
  if (typeof keyIssuer !== "string" || typeof iss !== "string") return false;
  // Other providers' key sets do not define this member, so it may hold anything.
  if (url.kind === "oidc" && !parsedUrl(keyIssuer)) return true;
  const own = keyIssuer.replace(/\{tenantid\}/i, () => (typeof tid === "string" ? tid : ""));
  if (own === iss) return true;
  const tenant = entraTenant(own, cloud.aliases);
  return url.kind === "entra" && tenant !== undefined && tenant === entraTenant(iss, cloud.aliases);
}

/** Returns the tenant of an Entra issuer, in any of its formats. */
function entraTenant(issuer: string, aliases: ReadonlySet<string>): string | undefined {
  const [, host = "", tenant, v2] = /^https:\/\/([^/]+)\/([^/]+)\/(v2\.0)?$/.exec(issuer) ?? [];
  return (v2 ? aliases.has(host) : V1_ISSUER_HOSTS.has(host)) ? tenant : undefined;
}

/**
 * Whether an issuer is the one that an OpenID Provider's URL names. Compared without copying, because cache hits do
 * this.
 */
export function isIssuerOf(issuer: string, { href, issuer: own }: AuthorityUrl): boolean {
  if (own !== undefined) return sameIssuer(issuer, own);
  if (issuer === href || (issuer.length === href.length - 1 && href.startsWith(issuer))) return true;
  return sameIssuer(issuer, href);
}
