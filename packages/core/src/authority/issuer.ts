import type { Authority } from "./authority.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud } from "./clouds.js";

/** Hosts the application vouches for, beside the ones that vouch for themselves. */
export type KnownAuthorities = ReadonlySet<string>;

/**
 * Whether a discovery document that was fetched for `authority` may name `issuer`.
 *
 * For OpenID Providers the issuer must be the authority, to the letter save one trailing slash
 * (OpenID Connect Discovery §4.3). Entra's own documents name other hosts of the same cloud, and External ID its
 * tenant's host. A host in `knownAuthorities` is taken at the app's word.
 */
export function issuerMatchesAuthority(
  issuer: string,
  authority: AuthorityUrl,
  knownAuthorities: KnownAuthorities,
): boolean {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (!url) return false;
  if (authority.kind === "oidc" && withoutSlash(issuer) === withoutSlash(authority.href)) return true;
  if (url.protocol === "https:" && knownAuthorities.has(url.host)) return true;
  if (authority.kind === "oidc") return false;
  if (`${url.protocol}//${url.host}/` === new URL("/", authority.href).href) return true;
  if (url.protocol !== "https:") return false;
  if (knownCloud(url.host) || knownCloud(url.host.slice(url.host.indexOf(".") + 1))) return true;
  return authority.kind === "ciam" && isCiamIssuer(url, authority);
}

/**
 * Whether an ID token of `authority` may carry `iss` (OpenID Connect Core §3.1.3.7 (2)).
 * `{tenantid}` in Entra's multi-tenant issuer stands for the token's own `tid`.
 */
export function idTokenIssuerMatches(
  iss: string,
  tid: unknown,
  documentIssuer: string,
  authority: AuthorityUrl,
  aliases: ReadonlySet<string>,
): boolean {
  const tenant = typeof tid === "string" ? tid : "";
  const isEntraUser = authority.kind === "entra" && tenant !== "";
  // A domain or `common` in the authority stands for a tenant id that only the token tells; a tenant id is meant.
  if (isEntraUser && isGuid(authority.tenant) && authority.tenant !== tenant.toLowerCase()) return false;
  if (iss === documentIssuer.replace(/\{tenantid\}/i, () => tenant)) return true;
  if (!isEntraUser) return false;
  const v1 = `https://sts.windows.net/${tenant}/`;
  return iss === v1 || [...aliases].some((host) => iss === `https://${host}/${tenant}/v2.0`);
}

/**
 * Whether a key may sign for the issuer of a token. Entra's key sets serve several issuers, and say with each key for
 * which one it is; `{tenantid}` stands for every tenant.
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

/** True for a tenant id in GUID form. */
export function isGuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

function isCiamIssuer(issuer: URL, authority: AuthorityUrl): boolean {
  const tenant =
    authority.tenant.replace(/\.onmicrosoft\.com$/, "") || (authority.host.split(".", 1)[0] ?? "");
  if (issuer.host !== `${tenant}.ciamlogin.com`) return false;
  const path = withoutSlash(issuer.pathname.toLowerCase()).replace(/\/v2\.0$/, "");
  return path === "" || path === `/${tenant}` || path === `/${tenant}.onmicrosoft.com`;
}

function withoutSlash(text: string): string {
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
