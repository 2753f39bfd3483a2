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

/** Returns the metadata of an authority in a known cloud, without fetching its discovery document. */
export function knownMetadata(url: AuthorityUrl, cloud: Cloud): ProviderMetadata {
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

const REQUIRED_ENDPOINTS = ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const;

/**
 * Validates a discovery document: required members are present, and every endpoint is a secure URL.
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
  const endpoints: Record<string, string> = {};
  for (const [name, value] of Object.entries(body)) {
    const required = (REQUIRED_ENDPOINTS as readonly string[]).includes(name);
    if (!required && !name.endsWith("_endpoint")) continue;
    // Only endpoints that every application needs must be strings.
    if (typeof value !== "string" && required) throw badMetadata(source, `${name} is not a string`);
    if (typeof value !== "string") continue;
    const endpoint = value.replace(/\{tenant(id)?\}/gi, () => url.tenant);
    secureEndpoint(endpoint, name, url.href);
    endpoints[name] = endpoint;
  }
  const [authorization, token, jwks] = REQUIRED_ENDPOINTS.map((name) => {
    const endpoint = endpoints[name];
    if (!endpoint) throw badMetadata(source, `${name} is missing`);
    return endpoint;
  });
  return {
    ...body,
    ...endpoints,
    issuer,
    authorization_endpoint: authorization ?? "",
    token_endpoint: token ?? "",
    jwks_uri: jwks ?? "",
  };
}

/**
 * Adapts a configured document of one tenant to another tenant at the same host, as MSAL does, for clouds whose
 * documents cannot be fetched. Returns `undefined` for any other authority, which the document does not describe.
 */
export function forTenant(
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
