import { isLoopback, parsedUrl } from "@tessera/core/internal";

/** Something that a server would complain about. */
export interface ClientMetadataFinding {
  /** The member of the document, or `url` for the URL itself and what is returned there. */
  readonly member: string;
  /** What is wrong, and what to do. */
  readonly problem: string;
}

/**
 * Returns what is wrong with the URL of a client metadata document.
 *
 * @see draft-ietf-oauth-client-id-metadata-document §3
 */
export function documentUrlProblem(text: string): string | undefined {
  const url = parsedUrl(text);
  if (url?.protocol !== "https:" && !(url?.protocol === "http:" && isLoopback(url.hostname)))
    return "is not an https URL";
  if (url.pathname === "/") return "has no path: publish the document below a path, such as /client.json";
  if (text.includes("#")) return "has a fragment: remove it";
  if (url.username !== "" || url.password !== "") return "has a user name or a password: remove it";
  // The parser resolves dot segments, so the text is compared.
  if (/\/(\.|%2e){1,2}(\/|\?|$)/i.test(text)) return "has dot segments in its path: remove them";
  if (url.href !== text) return `is not written as a server compares it: use ${url.href}`;
  return undefined;
}

/** Returns what is wrong with a redirect URI (RFC 9700 §2.1, RFC 8252 §7). */
export function redirectProblem(uri: unknown): string | undefined {
  if (typeof uri !== "string") return "has an entry that is not a string";
  const url = parsedUrl(uri);
  if (!url) return `has the entry "${uri}", which is not an absolute URI`;
  if (uri.includes("#")) return `has the entry "${uri}" with a fragment`;
  if (uri.includes("*")) return `has the entry "${uri}" with a wildcard: servers compare it exactly`;
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    return `has the entry "${uri}", which is neither https nor a loopback address`;
  if (!url.protocol.startsWith("http") && !url.protocol.includes("."))
    return `has the entry "${uri}": a scheme of its own is a domain name in reverse order, such as com.example.app`;
  return undefined;
}

/** Returns what a server would complain about in a document that was read from a URL. */
export function documentFindings(
  document: Readonly<Record<string, unknown>>,
  url: string,
): readonly ClientMetadataFinding[] {
  const { client_id: clientId, client_name: name, redirect_uris: redirectUris } = document;
  const { token_endpoint_auth_method: method = "client_secret_basic", jwks, jwks_uri: jwksUri } = document;
  const found = (member: string, problem: string | undefined) =>
    problem === undefined ? [] : [{ member, problem }];
  const types = ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"];
  return [
    ...found("client_id", clientId === url ? undefined : `is not "${url}" to the letter`),
    ...found("client_name", typeof name === "string" && name !== "" ? undefined : "is not a name"),
    ...redirectFindings(redirectUris, document["application_type"]),
    ...found(
      "token_endpoint_auth_method",
      method === "none" || method === "private_key_jwt"
        ? undefined
        : `is ${JSON.stringify(method)} (absent means client_secret_basic): use "none" or "private_key_jwt", since a public document holds no secret`,
    ),
    ...found("client_secret", document["client_secret"] === undefined ? undefined : "is public: remove it"),
    ...(method === "private_key_jwt" && jwks === undefined && jwksUri === undefined
      ? found("jwks", "is missing, and so is jwks_uri: private_key_jwt needs public keys")
      : []),
    ...found("jwks", jwks === undefined ? undefined : keysProblem(jwks)),
    ...found("jwks_uri", jwks !== undefined && jwksUri !== undefined ? "is given beside jwks" : undefined),
    ...types.flatMap((member) =>
      found(
        member,
        document[member] === undefined || isWebUrl(document[member]) ? undefined : "is not an https URL",
      ),
    ),
    ...["grant_types", "response_types", "contacts"].flatMap((member) =>
      found(
        member,
        document[member] === undefined || isTexts(document[member])
          ? undefined
          : "is not an array of strings",
      ),
    ),
    ...found(
      "scope",
      document["scope"] === undefined || typeof document["scope"] === "string"
        ? undefined
        : "is not a string of scopes with spaces between them",
    ),
  ];
}

/** Returns what is wrong with a set of public keys (RFC 7517 §5). */
export function keysProblem(jwks: unknown): string | undefined {
  const keys: unknown = typeof jwks === "object" && jwks !== null && "keys" in jwks ? jwks.keys : undefined;
  if (!Array.isArray(keys)) return "is not a key set with an array of keys";
  const isPrivate = (key: unknown) => typeof key === "object" && key !== null && ("d" in key || "k" in key);
  return keys.some(isPrivate)
    ? "holds a private key: publish the public keys only, and replace this one"
    : undefined;
}

function redirectFindings(uris: unknown, applicationType: unknown): readonly ClientMetadataFinding[] {
  const member = "redirect_uris";
  if (!Array.isArray(uris) || uris.length === 0)
    return [{ member, problem: "is not an array of redirect URIs" }];
  const problems = uris.map(redirectProblem).filter((problem) => problem !== undefined);
  const isLocal = uris.some((uri) => isLoopback(parsedUrl(String(uri))?.hostname ?? ""));
  if (applicationType === "web" && isLocal)
    problems.push('has a loopback address, for which application_type has to be "native"');
  return problems.map((problem) => ({ member, problem }));
}

function isWebUrl(value: unknown): boolean {
  const url = typeof value === "string" ? parsedUrl(value) : undefined;
  return url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
