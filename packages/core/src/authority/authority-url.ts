import { clientConfigurationError } from "../errors/errors.js";
import { parsedUrl, secureUrl } from "../http/secure-url.js";
import {
  CONSUMER_TENANT,
  isExternalIdHost,
  knownCloud,
  MULTI_TENANT_SEGMENTS,
  type AzureCloudOptions,
} from "./clouds.js";
import { checkedTenant, isGuid, isTenantName } from "./tenant-name.js";

/** The protocol dialect of an application. */
export const ProtocolMode = {
  /** Microsoft Entra, B2C, External ID and AD FS. */
  AAD: "AAD",
  /** Any OpenID Provider, by discovery and without Entra-specific parameters. */
  OIDC: "OIDC",
  /** Browser only; refused here. */
  EAR: "EAR",
} as const;
/** One of {@link ProtocolMode}. */
export type ProtocolMode = (typeof ProtocolMode)[keyof typeof ProtocolMode];

/** The kind of identity provider that an authority URL names. */
export type AuthorityKind = "entra" | "ciam" | "adfs" | "oidc";

/** A parsed authority URL. Different spellings of one authority have the same `href`. */
export interface AuthorityUrl {
  /**
   * Canonical form: scheme and host in lower case (the preferred host of a known cloud) and one trailing slash.
   * Except for `oidc`, the path is in lower case and without the protocol version and the paths of endpoints.
   */
  readonly href: string;
  /** Host with port, in lower case. */
  readonly host: string;
  readonly kind: AuthorityKind;
  /** Path segments. */
  readonly segments: readonly string[];
  /** First path segment: tenant id, domain or `common` for Entra; `adfs` for AD FS; `""` for `oidc`. */
  readonly tenant: string;
  /** Whether the URL names a single Entra tenant, by id or domain. */
  readonly namesTenant: boolean;
  /** The id of that tenant; unknown for a domain. */
  readonly tenantId: string | undefined;
  /** The realms under which the cache has the tokens of that tenant; unknown for a domain. */
  readonly tenantRealms: readonly string[] | undefined;
  /**
   * Distinguishes the authority's tokens from others of its host: the tenant, or the path for `oidc`. In lower case,
   * as the cache compares it; the significant capitals of a path are percent-encoded.
   */
  readonly realm: string;
  /** The issuer of an OpenID Provider, if the application's configuration gives it another name than its URL. */
  readonly issuer?: string;
  /** Whether the string has more than an authority, such as the path of an endpoint, which is ignored. */
  readonly hadMore: boolean;
}

/**
 * Parses and canonicalizes an authority URL.
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
    tenantRealms: namesTenant && tenantId ? realmsOfTenant(tenantId) : undefined,
    realm: kind === "oidc" ? caseless(segments.join("/")) : tenant,
    hadMore: hasRest || isEndpoint,
  };
}

/** Returns the realms of a tenant's tokens in the cache: its id, and the name that some libraries use for it. */
export function realmsOfTenant(id: string): readonly string[] {
  return id === CONSUMER_TENANT ? [id, "consumers"] : [id];
}

/** Returns the authority that `azureCloudOptions` names, or the given one. */
export function authorityForCloud(authority: string, cloud: AzureCloudOptions | undefined): string {
  if (!cloud || !cloud.azureCloudInstance || cloud.azureCloudInstance === "none") return authority;
  return `${cloud.azureCloudInstance}/${checkedTenant(cloud.tenant || "common", "azureCloudOptions.tenant")}/`;
}

/** Returns the realm of an OpenID Provider's issuer, or `""` if it is not a URL. */
export function issuerRealm(issuer: string): string {
  const path = parsedUrl(issuer)?.pathname ?? "";
  return caseless(
    path
      .split("/")
      .filter((segment) => segment !== "")
      .join("/"),
  ).toLowerCase();
}

/**
 * Returns the authority with another tenant at the same host.
 *
 * @throws ClientConfigurationError `invalid_option` for a tenant that is neither an id nor a domain name
 */
export function authorityInTenant(authority: string, tenantId: string): string {
  return `${secureUrl(authority, "authority").origin}/${checkedTenant(tenantId, "tenantId")}`;
}

/**
 * Returns the path of the authority without that of an endpoint or a discovery document. Developers often copy such a URL
 * from a portal.
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
  // The protocol version is part of the issuer's name, so it is not a mistake.
  return { path: segments.slice(0, end), isEndpoint: segments.slice(end).join("/") !== "v2.0" };
}

/** Discovery documents, after the issuer (OpenID Connect Discovery §4) or before its path (RFC 8414 §3.1). */
const DOCUMENTS: ReadonlySet<string> = new Set(["openid-configuration", "oauth-authorization-server"]);

/** Segments that are never the name of a tenant. */
const NO_TENANT: ReadonlySet<string> = new Set(["v2.0", ".well-known"]);

/** Segments that start the path of an endpoint after the tenant. */
const ENDPOINTS: ReadonlySet<string> = new Set([
  "oauth2",
  "discovery",
  "adminconsent",
  "federationmetadata",
  "saml2",
  "wsfed",
]);

/**
 * Refuses a user name, and a query or fragment except on Microsoft's own hosts, where they have no meaning.
 *
 * @returns whether there is a query or fragment to ignore
 */
function checkRest(url: URL, kind: AuthorityKind): boolean {
  const hasRest = url.search !== "" || url.hash !== "";
  const hasUser = url.username !== "" || url.password !== "";
  // A query may hold the B2C policy. Without the policy, other users would sign in.
  const hasPolicy = url.searchParams.has("p");
  const isMicrosofts = knownCloud(url.host) !== undefined || kind === "ciam";
  if (!hasUser && (!hasRest || (isMicrosofts && !hasPolicy))) return hasRest;
  throw clientConfigurationError(
    "url_parse_error",
    `authority "${url.origin}${url.pathname}" must not have a query, fragment or user name: use only scheme, host and path${hasPolicy ? ", with the B2C policy in the path" : ""}.`,
  );
}

/**
 * Refuses a path that the URL parser reads differently than a person does. For Microsoft's kinds, the path may hold
 * only plain names, so that a value inserted into a URL template cannot be more than a tenant.
 */
function checkPath(text: string, url: URL, kind: AuthorityKind): void {
  const plain = url.pathname
    .split("/")
    .every((segment) => segment === "" || segment === ".well-known" || isTenantName(segment));
  if (!HIDDEN_PATH.test(text.trim()) && (plain || kind === "oidc")) return;
  throw clientConfigurationError(
    "url_parse_error",
    `authority "${url.origin}${url.pathname}" has a tenant that is not an id or a domain name: use scheme, host and plain names, without backslashes, "..", control characters or percent-encoding.`,
  );
}

/** Control characters, backslashes and dot segments, which the URL parser removes or rewrites. */
const HIDDEN_PATH = /[\p{Cc}\\]|\/(\.|%2e){1,2}([/?#]|$)/iu;

/** Encodes capitals, so that different paths remain different in lower case. */
function caseless(path: string): string {
  return path.replace(/[A-Z%]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}

function kindOf(host: string, path: string, protocolMode: ProtocolMode): AuthorityKind {
  if (protocolMode === "OIDC" && !knownCloud(host)) return "oidc";
  if (isExternalIdHost(host)) return "ciam";
  return /^\/adfs(\/|$)/i.test(path) ? "adfs" : "entra";
}
