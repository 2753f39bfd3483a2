import { clientAuthError } from "../errors/errors.js";
import { secureEndpoint } from "../http/secure-url.js";
import type { ProviderMetadata } from "./authority.js";
import type { AuthorityUrl } from "./authority-url.js";
import type { Cloud } from "./clouds.js";

/** Returns the URL of an authority's discovery document. */
export function discoveryUrl(url: AuthorityUrl): string {
  const v2 = url.kind === "oidc" || url.kind === "adfs" ? "" : "v2.0/";
  return `${url.href}${v2}.well-known/openid-configuration`;
}

/** Returns the URL of the metadata of an OAuth server: the path of its issuer follows (RFC 8414 §3.1). */
export function oauthDocumentUrl({ href }: AuthorityUrl): string {
  const { origin, pathname } = new URL(href);
  return `${origin}/.well-known/oauth-authorization-server${pathname.slice(0, -1)}`;
}

/**
 * Returns metadata that need not be fetched: configured, or of a known cloud.
 *
 * @param configured the document that the application gives for its own authority
 */
export function unfetchedMetadata(
  url: AuthorityUrl,
  cloud: Cloud,
  configured: Readonly<Record<string, unknown>> | undefined,
  own: AuthorityUrl | undefined,
): ProviderMetadata | undefined {
  const body = configured && forTenant(configured, own, url);
  if (body) return configuredMetadata(body, url);
  return cloud.endpointsKnown && url.kind === "entra" && url.segments.length === 1
    ? knownMetadata(url, cloud)
    : undefined;
}

/** Returns the metadata of an authority in a known cloud, without fetching its discovery document. */
function knownMetadata(url: AuthorityUrl, cloud: Cloud): ProviderMetadata {
  const base = `https://${cloud.preferredNetwork}/${url.tenant}`;
  return {
    // Multi-tenant authorities issue tokens under each user's own tenant.
    issuer: `https://${cloud.preferredNetwork}/{tenantid}/v2.0`,
    authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/oauth2/v2.0/token`,
    end_session_endpoint: `${base}/oauth2/v2.0/logout`,
    jwks_uri: `${base}/discovery/v2.0/keys`,
    ...userInfoOf(cloud),
  };
}

/** Microsoft Graph serves user info, in each cloud under a host of its own. */
const GRAPH_HOSTS: ReadonlyMap<string, string> = new Map([
  ["login.microsoftonline.com", "graph.microsoft.com"],
  ["login.microsoftonline.us", "graph.microsoft.us"],
  ["login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"],
]);

function userInfoOf({ preferredNetwork }: Cloud): Readonly<Record<string, string>> {
  const host = GRAPH_HOSTS.get(preferredNetwork);
  return host ? { userinfo_endpoint: `https://${host}/oidc/userinfo` } : {};
}

/** What the documents of Microsoft's providers always have. */
const REQUIRED_ENDPOINTS = ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const;

/**
 * Validates a discovery document: it names its issuer. Endpoints are checked when they are used ({@link endpointOf}),
 * except those that every provider of Microsoft's has.
 *
 * @param source origin of the document, for the message
 * @throws ClientAuthError `openid_config_error`; ClientConfigurationError as {@link secureEndpoint}
 */
export function checkedMetadata(
  body: Readonly<Record<string, unknown>>,
  url: AuthorityUrl,
  source: string,
): ProviderMetadata {
  const issuer = body["issuer"];
  if (typeof issuer !== "string" || issuer === "") throw badMetadata(source, "issuer is missing");
  const endpoints = Object.entries(body).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" && isEndpoint(name)
      ? [[name, value.replace(/\{tenant(id)?\}/gi, () => url.tenant)]]
      : [],
  );
  const metadata: ProviderMetadata = { ...body, ...Object.fromEntries(endpoints), issuer };
  if (url.kind === "oidc") return metadata;
  for (const name of REQUIRED_ENDPOINTS) {
    const endpoint = metadata[name];
    if (!endpoint) throw badMetadata(source, `${name} is missing`);
    if (typeof endpoint !== "string") throw badMetadata(source, `${name} is not a string`);
    secureEndpoint(endpoint, name, url.href);
  }
  return metadata;
}

/**
 * Returns the metadata that an application gives for a provider, all of whose endpoints it can correct. A server without
 * OpenID Connect may have no issuer; its URL stands for it.
 *
 * @throws as {@link checkedMetadata}
 */
export function configuredMetadata(
  body: Readonly<Record<string, unknown>>,
  url: AuthorityUrl,
): ProviderMetadata {
  const issuer = body["issuer"] ?? (url.kind === "oidc" ? url.href.slice(0, -1) : undefined);
  const metadata = checkedMetadata({ ...body, issuer }, url, "auth.authorityMetadata");
  for (const [name, value] of Object.entries(metadata))
    if (isEndpoint(name) && typeof value === "string" && value !== "") secureEndpoint(value, name, url.href);
  return metadata;
}

function isEndpoint(name: string): boolean {
  return name === "jwks_uri" || name.endsWith("_endpoint");
}

/**
 * Adapts a configured document of one tenant to another tenant at the same host, as MSAL does, for clouds whose
 * documents cannot be fetched. Returns `undefined` for any other authority, which the document does not describe.
 */
function forTenant(
  body: Readonly<Record<string, unknown>>,
  own: AuthorityUrl | undefined,
  url: AuthorityUrl,
): Readonly<Record<string, unknown>> | undefined {
  if (!own || own.href === url.href) return body;
  const isSibling =
    own.kind === "entra" && url.kind === "entra" && own.host === url.host && url.segments.length === 1;
  if (!isSibling || own.segments.length !== 1) return undefined;
  const { authorization_endpoint: endpoint } = body;
  const named = typeof endpoint === "string" ? /^https?:\/\/[^/]+(\/[^/]+\/)/.exec(endpoint)?.[1] : undefined;
  if (named === undefined) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [
      name,
      typeof value === "string" ? value.replace(named, () => `/${url.tenant}/`) : value,
    ]),
  );
}

function badMetadata(source: string, what: string): Error {
  return clientAuthError("openid_config_error", `the discovery document (${source}) is not valid: ${what}.`);
}
