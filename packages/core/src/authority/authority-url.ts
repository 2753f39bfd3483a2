import { clientConfigurationError } from "../errors/errors.js";
import { secureUrl } from "../http/secure-url.js";
import { knownCloud, type AzureCloudOptions } from "./clouds.js";
import { checkedTenant, isTenantName } from "./tenant-name.js";

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
   * Except for `oidc`, the path is in lower case; for Entra and External ID, a final `v2.0` is removed.
   */
  readonly href: string;
  /** Host with port, in lower case. */
  readonly host: string;
  readonly kind: AuthorityKind;
  /** Path segments. */
  readonly segments: readonly string[];
  /** First path segment: tenant id, domain or `common` for Entra; `adfs` for AD FS; `""` for `oidc`. */
  readonly tenant: string;
  /**
   * Distinguishes the authority's tokens from others of its host: the tenant, or the path for `oidc`. In lower case,
   * as the cache compares it; the significant capitals of a path are percent-encoded.
   */
  readonly realm: string;
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
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw clientConfigurationError(
      "url_parse_error",
      `authority "${url.origin}${url.pathname}" must not have a query, fragment or user name: use only scheme, host and path.`,
    );
  }
  const host = knownCloud(url.host)?.preferredNetwork ?? url.host;
  const kind = kindOf(host, url.pathname, protocolMode);
  checkPath(String(value), url, kind);
  let segments = url.pathname.split("/").filter((segment) => segment !== "");
  if (kind !== "oidc") segments = segments.map((segment) => segment.toLowerCase());
  // The protocol version is part of the issuer's name, but not of the tenant's.
  if ((kind === "entra" || kind === "ciam") && segments.at(-1) === "v2.0") segments.pop();
  if (kind === "ciam" && segments.length === 0) segments = [`${host.split(".", 1)[0] ?? ""}.onmicrosoft.com`];
  if (kind === "entra" && segments.length === 0) segments = ["common"];
  const path = segments.length > 0 ? `/${segments.join("/")}/` : "/";
  return {
    href: `${url.protocol}//${host}${path}`,
    host,
    kind,
    segments,
    tenant: kind === "oidc" ? "" : (segments[0] ?? ""),
    realm: kind === "oidc" ? caseless(segments.join("/")) : (segments[0] ?? ""),
  };
}

/** Returns the authority that `azureCloudOptions` names, or the given one. */
export function authorityForCloud(authority: string, cloud: AzureCloudOptions | undefined): string {
  if (!cloud || !cloud.azureCloudInstance || cloud.azureCloudInstance === "none") return authority;
  return `${cloud.azureCloudInstance}/${checkedTenant(cloud.tenant || "common", "azureCloudOptions.tenant")}/`;
}

/** Returns the realm of an OpenID Provider's issuer, or `""` if it is not a URL. */
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
 * Returns the authority with another tenant at the same host.
 *
 * @throws ClientConfigurationError `invalid_option` for a tenant that is neither an id nor a domain name
 */
export function authorityInTenant(authority: string, tenantId: string): string {
  return `${secureUrl(authority, "authority").origin}/${checkedTenant(tenantId, "tenantId")}`;
}

/**
 * Refuses a path that the URL parser reads differently than a person does. For Microsoft's kinds, the path may hold
 * only plain names, so that a value inserted into a URL template cannot be more than a tenant.
 */
function checkPath(text: string, url: URL, kind: AuthorityKind): void {
  const plain = url.pathname.split("/").every((segment) => segment === "" || isTenantName(segment));
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
  if (host.endsWith(".ciamlogin.com")) return "ciam";
  return /^\/adfs(\/|$)/i.test(path) ? "adfs" : "entra";
}
