import {
  checkedMetadata,
  clientConfigurationError,
  isLoopback,
  parsedUrl,
  requireKnownOptions,
  requireRecord,
  wrongType,
} from "@tessera/core/internal";
import { documentUrlProblem, redirectProblem } from "./client-metadata-rules.js";

/** Options of {@link clientMetadataDocument}. */
export interface ClientMetadataDocumentOptions {
  /** The URL at which the document will be published: https, with a path. It is the client's ID. */
  readonly clientId: string;
  /** Name that a user is shown. */
  readonly name: string;
  /** Where a user's browser comes back to. The port of a loopback address does not matter. */
  readonly redirectUris: readonly string[];
  /** Public keys of a client that proves who it is (`private_key_jwt`), or the URL where they are. */
  readonly jwks?: { readonly keys: readonly object[] };
  readonly jwksUri?: string;
  /** Scopes that the client may request. */
  readonly scopes?: readonly string[];
  /** Further metadata, with the names of RFC 7591 §2, such as `client_uri`, `logo_uri` and `contacts`. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Builds the document that makes a client known to every issuer that takes such documents. Publish it as JSON at its
 * `client_id`, and pass that URL as `client.metadataUrl` to {@link createResourceFetch}.
 *
 * @returns the document, to be published as it is
 * @throws ClientConfigurationError naming the option that a server would refuse
 * @see draft-ietf-oauth-client-id-metadata-document, RFC 7591 §2
 * @example
 * ```ts
 * const document = clientMetadataDocument({
 *   clientId: "https://agent.example/client.json",
 *   name: "Contoso agent",
 *   redirectUris: ["http://localhost"],
 * });
 * console.log(JSON.stringify(document, undefined, 2));
 * ```
 */
export function clientMetadataDocument(
  options: ClientMetadataDocumentOptions,
): Readonly<Record<string, unknown>> {
  const given = requireRecord(options, "options", "{ clientId, name, redirectUris }");
  requireKnownOptions(given, OPTIONS, "clientMetadataDocument");
  const { clientId, name, redirectUris, jwks, jwksUri, scopes, metadata = {} } = given;
  if (typeof clientId !== "string") throw wrongType("clientId", clientId, "the URL of the document");
  refuse("clientId", documentUrlProblem(clientId));
  if (typeof name !== "string" || name.trim() === "")
    throw wrongType("name", name, "a name to show to users");
  if (!Array.isArray(redirectUris) || redirectUris.length === 0)
    throw wrongType("redirectUris", redirectUris, "an array of redirect URIs");
  for (const uri of redirectUris) refuse("redirectUris", redirectProblem(uri));
  if (jwks !== undefined && jwksUri !== undefined)
    refuse("jwks", "and jwksUri are both given, which RFC 7591 forbids: pass one of them");
  const keys = {
    ...(jwks === undefined ? {} : { jwks }),
    ...(jwksUri === undefined ? {} : { jwks_uri: jwksUri }),
  };
  const hasKeys = Object.keys(keys).length > 0;
  return checkedMetadata({
    ...metadata,
    client_id: clientId,
    client_name: name,
    redirect_uris: redirectUris,
    application_type: redirectUris.some(isNative) ? "native" : "web",
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: hasKeys ? "private_key_jwt" : "none",
    ...keys,
    ...(scopes === undefined ? {} : { scope: scopes.join(" ") }),
  });
}

const OPTIONS = {
  clientId: true,
  name: true,
  redirectUris: true,
  jwks: true,
  jwksUri: true,
  scopes: true,
  metadata: true,
} as const;

/** OpenID Connect Dynamic Client Registration §2: of this machine, or of a scheme of its own. */
function isNative(uri: unknown): boolean {
  const url = parsedUrl(String(uri));
  return url !== undefined && (url.protocol !== "https:" || isLoopback(url.hostname));
}

function refuse(option: string, problem: string | undefined): void {
  if (problem !== undefined) throw clientConfigurationError("invalid_option", `${option} ${problem}.`);
}
