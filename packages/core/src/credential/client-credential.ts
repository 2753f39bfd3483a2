import type { Authority } from "../authority/authority.js";
import { Parameters } from "../request/parameters.js";

/** How a client proves itself at the token endpoint. */
export type ClientCredential =
  /** A public client: nothing to prove with. */
  | { readonly kind: "none" }
  /** A shared secret. */
  | { readonly kind: "secret"; readonly secret: string };

/** `token_endpoint_auth_method` values of RFC 7591 §2 that a secret can be used with. */
export type SecretAuthMethod = "client_secret_post" | "client_secret_basic";

/** What proves the client: parameters for the body, or a header. */
export interface ClientAuthentication {
  readonly parameters: Parameters;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Proves the client (RFC 6749 §2.3). A secret goes into the body, or into HTTP Basic when the client's registration says
 * so, or when an OpenID Provider does not list posting among its methods.
 *
 * @param credential the client's one credential
 * @param method the method the client is registered with, if the configuration says
 */
export function authenticateClient(
  credential: ClientCredential,
  clientId: string,
  authority: Authority,
  method: SecretAuthMethod | undefined,
): ClientAuthentication {
  const parameters = new Parameters();
  if (credential.kind === "none") return { parameters, headers: {} };
  if ((method ?? methodOf(authority)) === "client_secret_basic") {
    return { parameters, headers: { authorization: basic(clientId, credential.secret) } };
  }
  return { parameters: parameters.set("client_secret", credential.secret), headers: {} };
}

function methodOf({ url, metadata }: Authority): SecretAuthMethod {
  // Entra, B2C, External ID and AD FS accept posting; that is what MSAL does.
  if (url.kind !== "oidc") return "client_secret_post";
  const supported = metadata.token_endpoint_auth_methods_supported;
  // RFC 8414 §2: a document that lists none means Basic.
  return Array.isArray(supported) && supported.includes("client_secret_post")
    ? "client_secret_post"
    : "client_secret_basic";
}

function basic(clientId: string, secret: string): string {
  return `Basic ${Buffer.from(`${formEncode(clientId)}:${formEncode(secret)}`).toString("base64")}`;
}

/** application/x-www-form-urlencoded, as RFC 6749 §2.3.1 asks for before Basic. */
function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
