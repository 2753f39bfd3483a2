import type { Client } from "../client/client.js";
import { parseJsonObject, textIn } from "../encoding.js";
import { clientAuthError, clientConfigurationError, type AuthError } from "../errors/errors.js";
import { isLoopback, parsedUrl, secureEndpoint, secureUrl, shownUrl } from "../http/secure-url.js";
import type { HttpResponse } from "../http/http-client.js";
import { mayPass } from "../http/retry-policy.js";
import { statusOf, withPause } from "../http/throttle.js";
import type { Call } from "../http/transport.js";
import { printable } from "../printable.js";
import { parseAuthenticationChallenges } from "../request/claims-challenge.js";
import { splitScopes } from "../request/scopes.js";

/** What a protected resource says of itself. */
export interface ProtectedResource {
  /** Its identifier as published, to be sent as `resource`. */
  readonly resource: string;
  /** Issuers of the authorization servers whose tokens it accepts. Which of them to trust is the caller's choice. */
  readonly authorizationServers: readonly string[];
  /** The scopes of the challenge, else the resource's minimal set; absent if it names none. */
  readonly scopes?: readonly string[];
  /** The whole document (RFC 9728 §2). */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A question about a protected resource. */
export interface ResourceQuestion {
  readonly resource: string;
  /** Value of the header `WWW-Authenticate` with which the resource refused a request. */
  readonly challenge?: string | undefined;
  /** Whether a document may be about a parent of the resource: the same origin, and a path in front of a `/`. */
  readonly acceptsParent?: boolean;
}

/** The document of a resource, or what was returned in place of one. */
export type ResourceAnswer =
  (ProtectedResource & { readonly document: string }) | { readonly missing: string };

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/**
 * Finds the authorization servers of a protected resource (RFC 9728).
 *
 * @param challenge value of the header `WWW-Authenticate` with which the resource refused a request
 * @throws ClientConfigurationError `invalid_option`, `authority_uri_insecure`; ClientAuthError `invalid_resource_metadata`
 */
export async function protectedResource(
  client: Client,
  resource: string,
  challenge: string | undefined,
  call: Call,
): Promise<ProtectedResource> {
  const found = await publishedResource(client, { resource, challenge }, call);
  if ("missing" in found) throw invalid(`it has none: ${found.missing} without a JSON document`, call);
  const { document: _, ...published } = found;
  return published;
}

/**
 * Does the same as {@link protectedResource}, for callers that know what to do when a resource publishes nothing.
 *
 * @throws ClientAuthError `invalid_resource_metadata` also when the challenge names a document that is missing, or when a
 * server fails
 */
export async function publishedResource(
  client: Client,
  { resource, challenge, acceptsParent = false }: ResourceQuestion,
  call: Call,
): Promise<ResourceAnswer> {
  const url = secureUrl(resource, "resource");
  if (url.hash !== "" || resource.includes("#") || url.username !== "" || url.password !== "") {
    const text = `resource "${shownUrl(resource)}" has a fragment or a user name: pass the identifier of the resource without them.`;
    throw clientConfigurationError("invalid_option", text, call);
  }
  const named = challengeOf(challenge);
  let missing = "";
  for (const document of named?.url ? [namedBy(named.url, url, call)] : resourceDocuments(url)) {
    const response = await client.transport.get(document, call);
    const metadata = response.status === 200 ? parseJsonObject(response.body) : undefined;
    if (metadata)
      return checked(metadata, { resource, url, document, scope: named?.scope, acceptsParent }, call);
    missing = `${shownUrl(document)} returned ${statusOf(response)}`;
    if (!isAbsent(response) || named?.url)
      throw withPause(
        invalid(`it has none: ${missing} without a JSON document`, call),
        response,
        client.clock,
      );
  }
  return { missing };
}

/** Whether the response means that the document does not exist. A timeout or throttling (408, 429) does not. */
function isAbsent({ status }: HttpResponse): boolean {
  return status >= 400 && !mayPass(status);
}

/**
 * Whether a URL is a resource, or inside of it: of the same origin, with a path that is the same or continues after a `/`.
 *
 * @see RFC 9728 §3.3
 */
export function isWithinResource(url: URL, resource: URL): boolean {
  if (url.origin !== resource.origin || resource.search !== "") return url.href === resource.href;
  const parent = resource.pathname.endsWith("/") ? resource.pathname : `${resource.pathname}/`;
  return url.pathname === resource.pathname || url.pathname.startsWith(parent);
}

/** The metadata's URL and the scopes in a challenge, whichever scheme it has. */
function challengeOf(
  header: string | undefined,
): { readonly url?: string; readonly scope?: string } | undefined {
  const found = parseAuthenticationChallenges(header).filter(({ scheme }) =>
    ["bearer", "dpop"].includes(scheme),
  );
  const all = found.map(({ parameters }) => parameters);
  const url = all.map(({ resource_metadata: value }) => value).find(Boolean);
  const scope = all.map(({ scope: value }) => value).find(Boolean);
  return { ...(url ? { url } : {}), ...(scope ? { scope } : {}) };
}

/** A resource may name documents of its own origin only: any other URL would be an attacker's choice (RFC 9728 §7). */
function namedBy(text: string, resource: URL, call: Call): string {
  const url = parsedUrl(text);
  if (url?.origin === resource.origin && url.username === "" && url.password === "") return url.href;
  throw invalid(`its challenge names "${printable(shownUrl(text))}", which is not of its own origin`, call);
}

/** The well-known URLs of a resource: with its path inserted (RFC 9728 §3.1), then at its origin. */
export function resourceDocuments({ origin, pathname, search }: URL): readonly string[] {
  const path = pathname === "/" ? "" : pathname;
  const inserted = `${origin}${WELL_KNOWN}${path}${search}`;
  return path === "" ? [inserted] : [inserted, `${origin}${WELL_KNOWN}`];
}

interface Asked {
  readonly resource: string;
  readonly url: URL;
  readonly document: string;
  readonly scope: string | undefined;
  readonly acceptsParent: boolean;
}

function checked(
  metadata: Readonly<Record<string, unknown>>,
  { resource, url, document, scope, acceptsParent }: Asked,
  call: Call,
): ProtectedResource & { readonly document: string } {
  const { resource: published } = metadata;
  // RFC 9728 §3.3: identical. Only the slash of an empty path makes no difference.
  const isSame =
    published === resource ||
    (url.pathname === "/" &&
      [url.origin, `${url.origin}/`].includes(textIn(published)) &&
      url.search === "") ||
    (acceptsParent && isParent(published, url));
  if (typeof published !== "string" || !isSame)
    throw invalid(
      `the document ${shownUrl(document)} is about ${typeof published === "string" ? `"${printable(shownUrl(published))}"` : "no resource"}`,
      call,
    );
  const listed = texts(metadata["scopes_supported"], "scopes_supported", call);
  const scopes = scope === undefined ? listed : splitScopes(scope);
  const servers = texts(metadata["authorization_servers"], "authorization_servers", call) ?? [];
  for (const server of servers) requireServer(server, url, call);
  const found = {
    resource: published,
    authorizationServers: servers,
    ...(scopes ? { scopes } : {}),
    metadata,
  };
  return { ...found, document };
}

/** What the URL parser rewrites, such as `..`, does not name a parent. */
function isParent(published: unknown, url: URL): boolean {
  const parent =
    typeof published === "string" && !/[#?\\\s]/.test(published) ? parsedUrl(published) : undefined;
  const isAsWritten = parent && [parent.href, parent.href.replace(/\/$/, "")].includes(textIn(published));
  return Boolean(isAsWritten && parent.username === "" && isWithinResource(url, parent));
}

/** A resource on the network must not direct the app to this machine, or to plain http. */
function requireServer(server: string, resource: URL, call: Call): void {
  const { hostname } = secureEndpoint(server, "authorization_servers", resource.href);
  if (!isLoopback(hostname) || isLoopback(resource.hostname)) return;
  throw invalid(`it names an authorization server on this machine, "${printable(shownUrl(server))}"`, call);
}

function texts(value: unknown, name: string, call: Call): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((one): one is string => typeof one === "string")) return value;
  throw invalid(`${name} is not an array of strings`, call);
}

function invalid(what: string, call: Call): AuthError {
  const text = `The metadata of the protected resource cannot be used: ${what} (RFC 9728).`;
  return clientAuthError("invalid_resource_metadata", text, call);
}
