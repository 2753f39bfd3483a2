import {
  parsedUrl,
  protectedResource,
  requireKnownOptions,
  requireRecord,
  wrongType,
  type ProtectedResource,
} from "@tessera/core/internal";
import { CALL_OPTIONS, withoutApplication, type CallOptions } from "./without-application.js";

/** Options of {@link discoverProtectedResource}. */
export interface ProtectedResourceOptions extends CallOptions {
  /** URL of the resource: an API, or an MCP server. */
  readonly resource: string;
  /** The response with which the resource refused a request without a valid token. */
  readonly response?: Pick<Response, "headers"> & Partial<Pick<Response, "url">>;
}

/**
 * Finds the authorization servers and the scopes of a protected resource: in the document that its 401 response names, or
 * at its well-known URL. Nothing but its own origin is asked.
 *
 * @throws ClientAuthError `invalid_resource_metadata` when there is no document, or one about another resource;
 * ClientConfigurationError naming the field
 * @see RFC 9728
 * @example
 * ```ts
 * const { authorizationServers, scopes } = await discoverProtectedResource({ resource });
 * ```
 */
export async function discoverProtectedResource(
  options: ProtectedResourceOptions,
): Promise<ProtectedResource> {
  const given = requireRecord(options, "options", "{ resource }");
  const known = { ...CALL_OPTIONS, resource: true, response: true } as const;
  requireKnownOptions(given, known, "discoverProtectedResource");
  const { resource, response } = given;
  if (typeof resource !== "string") throw wrongType("resource", resource, "the URL of the resource");
  const challenge = challengeOf(resource, response);
  const equal = ["discoverProtectedResource", resource, challenge];
  return withoutApplication(options, { equal }, (client, call) =>
    protectedResource(client, resource, challenge, call),
  );
}

/** Returns the challenge of the resource. That of a server to which it has redirected is not its own. */
function challengeOf(resource: string, response: ProtectedResourceOptions["response"]): string | undefined {
  if (response === undefined || response === null) return undefined;
  if (typeof response.headers?.get !== "function") throw wrongType("response", response, "a Response");
  const { url } = response;
  if (url && parsedUrl(url)?.origin !== parsedUrl(resource)?.origin) return undefined;
  return response.headers.get("www-authenticate") ?? undefined;
}
