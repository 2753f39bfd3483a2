import type { Authority } from "./authority.js";
import type { AuthorityUrl } from "./authority-url.js";
import { knownCloud } from "./clouds.js";
import { idTokenIssuerMatches } from "./issuer.js";
import { isTenantName } from "./tenant-name.js";

/** The claims of a token, of any type. */
type Claims = Readonly<Record<string, unknown>>;

/** The host of the v1.0 issuers of clouds whose tokens do not name `sts.windows.net`, by the host of the cloud. */
const OTHER_V1_ISSUERS: ReadonlyMap<string, string> = new Map([
  ["login.partner.microsoftonline.cn", "sts.chinacloudapi.cn"],
  ["login.microsoftonline.de", "sts.microsoftonline.de"],
]);

/**
 * Whether an access token of an authority may have the issuer and the tenant that it names. AD FS issues access tokens
 * under another name than ID tokens. A B2C policy shares its issuer with all others of the tenant, so the token must be
 * of the authority's policy.
 */
export function accessTokenIssuerMatches(authority: Authority, claims: Claims): boolean {
  const { url, metadata } = authority;
  const { iss, tid } = claims;
  if (typeof iss !== "string") return false;
  const { access_token_issuer: own } = metadata;
  if (url.kind === "adfs" && typeof own === "string" && own !== "") return iss === own;
  if (url.kind !== "entra") return idTokenIssuerMatches(authority, { iss, tid });
  if (url.segments.length > 1) return iss === metadata.issuer && isOfPolicy(url, claims);
  if (typeof tid !== "string" || !isTenantName(tid)) return false;
  if (url.tenantId !== undefined && url.tenantId !== tid.toLowerCase()) return false;
  if (idTokenIssuerMatches(authority, { iss, tid })) return true;
  const other = OTHER_V1_ISSUERS.get(knownCloud(url.host)?.preferredNetwork ?? "");
  return other !== undefined && iss === `https://${other}/${tid}/`;
}

/**
 * Whether an authority does not say by itself which tenant's tokens are meant: it stands for several, or names one by a
 * domain, which tokens do not contain.
 */
export function leavesTenantOpen({ kind, segments, tenantId }: AuthorityUrl): boolean {
  return kind === "entra" && segments.length === 1 && tenantId === undefined;
}

/** Returns the issuer under which clients find the metadata of an authority of Microsoft (RFC 8414 §3). */
export function discoverableIssuer({ kind, href }: AuthorityUrl): string {
  return kind === "adfs" ? href.slice(0, -1) : `${href}v2.0`;
}

function isOfPolicy({ segments }: AuthorityUrl, { tfp, acr }: Claims): boolean {
  const policy = segments.at(-1) ?? "";
  const named = typeof tfp === "string" ? tfp : acr;
  return typeof named !== "string" || !/^b2c_1/i.test(named) || named.toLowerCase() === policy;
}
