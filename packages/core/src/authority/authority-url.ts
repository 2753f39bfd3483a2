import { clientConfigurationError } from "../errors/errors.js";
import { secureUrl } from "../http/secure-url.js";
import {
  CONSUMER_TENANT,
  isExternalIdHost,
  knownCloud,
  MULTI_TENANT_SEGMENTS,
  type AzureCloudOptions,
} from "./clouds.js";
import { checkedTenant, isGuid, isTenantName } from "./tenant-name.js";

/** Which protocol dialect the application speaks. */
export const ProtocolMode = {
  /** Microsoft Entra and its kin. */
  AAD: "AAD",
  /** Any OpenID Provider, by discovery and without Entra's own parameters. */
  OIDC: "OIDC",
  /** Browser only; refused here. */
  EAR: "EAR",
} as const;
/** One of {@link ProtocolMode}. */
export type ProtocolMode = (typeof ProtocolMode)[keyof typeof ProtocolMode];

/** What kind of identity provider an authority URL names. */
export type AuthorityKind = "entra" | "ciam" | "adfs" | "oidc";

/** An authority URL, taken apart. Two spellings of one authority have the same `href`. */
export interface AuthorityUrl {
  /**
   * Canonical form: lower-case scheme and host (the preferred one of a known cloud), one trailing slash; except for `oidc`
   * the path in lower case, without the version of the protocol and the paths of endpoints.
   */
  readonly href: string;
  /** Host with port, in lower case. */
  readonly host: string;
  readonly kind: AuthorityKind;
  /** Path segments. */
  readonly segments: readonly string[];
  /** First path segment: tenant id, domain or `common` for Entra; `adfs` for AD FS; `""` for `oidc`. */
  readonly tenant: string;
  /** Whether it names one tenant of Entra, by its id or a domain. */
  readonly namesTenant: boolean;
  /** The id of that tenant; a domain does not say it. */
  readonly tenantId: string | undefined;
  /**
   * What tells the tokens of this authority apart from others of its host: the tenant, for `oidc` the path. In lower case,
   * as the cache compares it: capitals in a path, which mean something there, are percent-encoded.
   */
  readonly realm: string;
  /** Whether the text named more than an authority, such as one of its endpoints: the rest is left out. */
  readonly hadMore: boolean;
}

/**
 * Parses and canonicalises an authority URL.
 *
 * @param value absolute URL, such as `https://login.microsoftonline.com/common`
 * @param protocolMode dialect of the application
 * @throws ClientConfigurationError `empty_url_error`, `url_parse_error`, `authority_uri_insecure`
 */
export function authorityUrl(value: unknown, protocolMode: ProtocolMode): AuthorityUrl {
  const url = secureUrl(value, "authority");
  const host = knownCloud(url.host)?.preferredNetwork ?? url.host;
  const kind = kindOf(host, url.pathname, protocolMode);
  const hasRest = checkRest(url, kind);
  checkPath(String(value), url, kind);
  const { path, isEndpoint } = withoutEndpoint(url.pathname, kind);
  let segments = path;
  if (kind === "ciam" && segments.length === 0) segments = [`${host.split(".", 1)[0] ?? ""}.onmicrosoft.com`];
  if (kind === "entra" && segments.length === 0) segments = ["common"];
  const joined = segments.length > 0 ? `/${segments.join("/")}/` : "/";
  const [tenant = ""] = segments;
  const tenantId = tenant === "consumers" ? CONSUMER_TENANT : isGuid(tenant) ? tenant : undefined;
  const isTenant = tenantId !== undefined || !MULTI_TENANT_SEGMENTS.has(tenant);
  const namesTenant = kind === "entra" && segments.length === 1 && isTenant;
  return {
    href: `${url.protocol}//${host}${joined}`,
    host,
    kind,
    segments,
    tenant: kind === "oidc" ? "" : tenant,
    namesTenant,
    tenantId: namesTenant ? tenantId : undefined,
    realm: kind === "oidc" ? caseless(segments.join("/")) : tenant,
    hadMore: hasRest || isEndpoint,
  };
}

/** The authority that `azureCloudOptions` names, or the given one. */
export function authorityForCloud(authority: string, cloud: AzureCloudOptions | undefined): string {
  if (!cloud || !cloud.azureCloudInstance || cloud.azureCloudInstance === "none") return authority;
  return `${cloud.azureCloudInstance}/${checkedTenant(cloud.tenant || "common", "azureCloudOptions.tenant")}/`;
}

/** The realm of an OpenID Provider's issuer; `""` for what is not a URL. */
export function issuerRealm(issuer: string): string {
  const path = URL.canParse(issuer) ? new URL(issuer).pathname : "";
  return caseless(
    path
      .split("/")
      .filter((segment) => segment !== "")
      .join("/"),
  ).toLowerCase();
}

/**
 * An authority's host with another tenant.
 *
 * @throws ClientConfigurationError `invalid_option` for a tenant that is neither an id nor a domain name
 */
export function authorityInTenant(authority: string, tenantId: string): string {
  return `${secureUrl(authority, "authority").origin}/${checkedTenant(tenantId, "tenantId")}`;
}

/**
 * The path of the authority alone. People copy the URL of an endpoint or of the discovery document from a portal: what
 * follows the tenant there is part of the protocol, and never of a tenant's name.
 */
function withoutEndpoint(
  pathname: string,
  kind: AuthorityKind,
): { readonly path: readonly string[]; readonly isEndpoint: boolean } {
  const given = pathname.split("/").filter((segment) => segment !== "");
  if (kind === "oidc") {
    const at = given.indexOf(".well-known");
    const isAtAnEnd = at === 0 || (at > 0 && at + 2 === given.length);
    const isDocument = isAtAnEnd && DOCUMENTS.has(given[at + 1] ?? "");
    return { path: isDocument ? given.toSpliced(at, 2) : given, isEndpoint: isDocument };
  }
  const segments = given.map((segment) => segment.toLowerCase());
  const end = segments.findIndex(
    (segment, index) => NO_TENANT.has(segment) || (index > 0 && ENDPOINTS.has(segment)),
  );
  if (end < 0) return { path: segments, isEndpoint: false };
  // The version of the protocol is part of an issuer's name.
  return { path: segments.slice(0, end), isEndpoint: segments.slice(end).join("/") !== "v2.0" };
}

/** Discovery documents: behind the issuer (OpenID Connect Discovery §4), or in front of its path (RFC 8414 §3.1). */
const DOCUMENTS: ReadonlySet<string> = new Set(["openid-configuration", "oauth-authorization-server"]);

/** Segments of Microsoft's protocols that no tenant can be called by. */
const NO_TENANT: ReadonlySet<string> = new Set(["v2.0", ".well-known"]);

/** Segments that begin the path of one of Microsoft's endpoints behind the tenant. */
const ENDPOINTS: ReadonlySet<string> = new Set([
  "oauth2",
  "discovery",
  "adminconsent",
  "federationmetadata",
  "saml2",
  "wsfed",
]);

/**
 * Refuses what is no part of an authority, but for a query and a fragment at Microsoft's own hosts, which say nothing there.
 *
 * @returns whether there is something to leave out
 */
function checkRest(url: URL, kind: AuthorityKind): boolean {
  const hasRest = url.search !== "" || url.hash !== "";
  const hasUser = url.username !== "" || url.password !== "";
  // The policy of a B2C tenant may stand in the query: without it, other users would sign in.
  const hasPolicy = url.searchParams.has("p");
  const isMicrosofts = knownCloud(url.host) !== undefined || kind === "ciam";
  if (!hasUser && (!hasRest || (isMicrosofts && !hasPolicy))) return hasRest;
  throw clientConfigurationError(
    "url_parse_error",
    `authority "${url.origin}${url.pathname}" must have no query, fragment or user name: give only scheme, host and path${hasPolicy ? "; a policy of B2C is part of the path" : ""}.`,
  );
}

/**
 * Refuses a path that the URL parser would read otherwise than a person, and for Microsoft's kinds one with anything in it but
 * names: what a URL template was filled with must stay a tenant.
 */
function checkPath(text: string, url: URL, kind: AuthorityKind): void {
  const plain = url.pathname
    .split("/")
    .every((segment) => segment === "" || segment === ".well-known" || isTenantName(segment));
  if (!HIDDEN_PATH.test(text.trim()) && (plain || kind === "oidc")) return;
  throw clientConfigurationError(
    "url_parse_error",
    `authority "${url.origin}${url.pathname}" has a tenant that is not an id or a domain name: give scheme, host and plain names, without backslashes, "..", control characters and percent-encodings.`,
  );
}

/** Control characters, backslashes, and segments of dots: the URL parser takes them away. */
const HIDDEN_PATH = /[\p{Cc}\\]|\/(\.|%2e){1,2}([/?#]|$)/iu;

/** Another text for each path, whatever it becomes in lower case. */
function caseless(path: string): string {
  return path.replace(/[A-Z%]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

function kindOf(host: string, path: string, protocolMode: ProtocolMode): AuthorityKind {
  if (protocolMode === "OIDC" && !knownCloud(host)) return "oidc";
  if (isExternalIdHost(host)) return "ciam";
  return /^\/adfs(\/|$)/i.test(path) ? "adfs" : "entra";
}
