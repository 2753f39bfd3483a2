import type { Authority } from "./authority.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud } from "./clouds.js";
import { externalIdTenant } from "./document-issuer.js";
import { isGuid, isTenantName } from "./tenant-name.js";

/**
 * Whether an ID token of `authority` may carry `iss` (OpenID Connect Core §3.1.3.7 (2)).
 * `{tenantid}` in Entra's multi-tenant issuer stands for the token's own `tid`; an issuer of External ID that goes by the
 * tenant's GUID issues for that tenant only.
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
  // A domain or `common` in the authority stands for a tenant id that only the token tells; a tenant id is meant.
  if (isEntraUser && isGuid(authority.tenant) && authority.tenant !== tenant.toLowerCase()) return false;
  if (iss === documentIssuer.replace(/\{tenantid\}/i, () => tenant)) return true;
  if (!isEntraUser) return false;
  // Entra's v1.0 issuer is for Entra's own hosts, not for others that are spoken to as Entra.
  if (iss === `https://sts.windows.net/${tenant}/`)
    return knownCloud(authority.host) !== undefined || aliases.has("sts.windows.net");
  return [...aliases].some((host) => iss === `https://${host}/${tenant}/v2.0`);
}

/** Whether two strings name one issuer: they are equal, save one trailing slash. */
export function sameIssuer(a: string, b: string): boolean {
  return a === b || withoutSlash(a) === withoutSlash(b);
}

/**
 * Whether a key may sign for the issuer of a token. Entra's key sets serve several issuers, and name with each key the
 * issuer it is for; `{tenantid}` stands for every tenant.
 */
export function keySpeaksFor(
  keyIssuer: unknown,
  token: Readonly<Record<string, unknown>>,
  { url, cloud }: Pick<Authority, "url" | "cloud">,
): boolean {
  if (keyIssuer === undefined || keyIssuer === null) return true;
  const { iss, tid } = token;
  if (typeof keyIssuer !== "string" || typeof iss !== "string") return false;
  // In the key sets of other providers the member is not defined, and need not be a URL.
  if (url.kind === "oidc" && !URL.canParse(keyIssuer)) return true;
  const own = keyIssuer.replace(/\{tenantid\}/i, () => (typeof tid === "string" ? tid : ""));
  if (own === iss) return true;
  const tenant = entraTenant(own, cloud.aliases);
  return url.kind === "entra" && tenant !== undefined && tenant === entraTenant(iss, cloud.aliases);
}

/** The tenant an issuer of an Entra cloud names, in any of the forms it has for one tenant. */
function entraTenant(issuer: string, aliases: ReadonlySet<string>): string | undefined {
  const [, host = "", tenant, v2] = /^https:\/\/([^/]+)\/([^/]+)\/(v2\.0)?$/.exec(issuer) ?? [];
  return (v2 ? aliases.has(host) : host === "sts.windows.net") ? tenant : undefined;
}

/** Whether an issuer is the one that the URL of an OpenID Provider names; nothing is copied, for a cache hit asks it. */
export function isIssuerOf(issuer: string, { href }: AuthorityUrl): boolean {
  return issuer === href || (issuer.length === href.length - 1 && href.startsWith(issuer));
}

function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
