import type { AuthError, Client } from "@tessera/core";
import {
  clientAuthError,
  mayPass,
  parseJsonObject,
  printable,
  secureEndpoint,
  secureUrl,
  shownUrl,
  statusOf,
  withPause,
} from "@tessera/core/internal";
import type { MetadataCall } from "./metadata-client.js";

/** What an issuer says of itself. */
export type IssuerMetadata = Readonly<Record<string, unknown>> & { readonly issuer: string };

/**
 * Fetches the metadata of an issuer: those of an OAuth server, then those of an OpenID Provider, at both of their places.
 *
 * @returns `undefined` if the issuer publishes none
 * @throws ClientAuthError `openid_config_error` for a document of another issuer, and for a server that fails
 * @see RFC 8414 §3, OpenID Connect Discovery §4
 */
export async function fetchIssuerMetadata(
  client: Client,
  issuer: string,
  call: MetadataCall,
): Promise<IssuerMetadata | undefined> {
  for (const document of documentsOf(issuer)) {
    const response = await client.transport.get(document, call);
    const body = response.status === 200 ? parseJsonObject(response.body) : undefined;
    if (body) return checked(body, issuer, document, call);
    if (response.status < 400 || (mayPass(response.status) && response.status !== 502)) {
      const error = invalid(`${document} returned ${statusOf(response)} without a JSON document`, call);
      throw withPause(error, response, client.clock);
    }
  }
  return undefined;
}

/** Returns the endpoints of a server that publishes nothing, as the revision of 2025-03-26 has them. */
export function assumedMetadata(issuer: string): IssuerMetadata {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    response_types_supported: ["code"],
    code_challenge_methods_supported: ["S256"],
  };
}

function documentsOf(issuer: string): readonly string[] {
  const { origin, pathname } = secureUrl(issuer, "the issuer");
  const path = pathname.replace(/\/$/, "");
  const openid = "/.well-known/openid-configuration";
  const all = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${openid}${path}`,
    `${origin}${path}${openid}`,
  ];
  return [...new Set(all)];
}

function checked(
  body: Readonly<Record<string, unknown>>,
  issuer: string,
  document: string,
  call: MetadataCall,
): IssuerMetadata {
  const { issuer: named } = body;
  // RFC 8414 §3.3: identical. Only the slash of an empty path makes no difference.
  const isSame = named === issuer || (new URL(issuer).pathname === "/" && isRootOf(named, issuer));
  if (typeof named !== "string" || !isSame) {
    const who = typeof named === "string" ? `"${printable(shownUrl(named))}"` : "no issuer";
    throw invalid(`${document} is that of ${who}, not of "${printable(shownUrl(issuer))}"`, call);
  }
  return { ...usable(body, document), issuer: named };
}

function isRootOf(named: unknown, issuer: string): boolean {
  return named === issuer.replace(/\/$/, "") || named === `${issuer}/`;
}

/** Leaves out endpoints that nothing may be sent to: a document is not refused for what is not needed. */
function usable(
  body: Readonly<Record<string, unknown>>,
  document: string,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(body).filter(([name, value]) => !isEndpoint(name) || isUsable(name, value, document)),
  );
}

/** What makes an OAuth server an OpenID Provider, besides the scopes. */
const OPENID_MEMBERS: ReadonlySet<string> = new Set([
  "id_token_signing_alg_values_supported",
  "subject_types_supported",
  "userinfo_endpoint",
]);

/**
 * Returns the metadata of an OpenID Provider as those of the OAuth server that it also is. A resource needs no ID token, so
 * that none is asked for, keys are not needed, and the token is not sent to the user info endpoint.
 */
export function withoutOpenId(metadata: IssuerMetadata): IssuerMetadata {
  const { issuer, scopes_supported: listed } = metadata;
  const own = Object.entries(metadata).filter(([name]) => !OPENID_MEMBERS.has(name));
  const scopes = Array.isArray(listed)
    ? { scopes_supported: listed.filter((one) => one === "offline_access") }
    : {};
  return { response_types_supported: ["code"], ...Object.fromEntries(own), ...scopes, issuer };
}

function isEndpoint(name: string): boolean {
  return name === "jwks_uri" || name.endsWith("_endpoint");
}

function isUsable(name: string, value: unknown, document: string): boolean {
  try {
    secureEndpoint(value, name, document);
    return true;
  } catch {
    return false;
  }
}

function invalid(what: string, call: MetadataCall): AuthError {
  const text = `The metadata of the authorization server cannot be used: ${what} (RFC 8414).`;
  return clientAuthError("openid_config_error", text, call);
}
