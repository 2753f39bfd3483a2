import type { App, KeySet } from "../config/config.js";
import { isLoopback } from "../config/loopback.js";
import { AadstsError } from "../errors/errors.js";
import { absoluteUrl } from "../http/absolute-url.js";

/** What a client says about itself: a registration request (RFC 7591 §2), or its metadata document. */
export type ClientMetadata = Readonly<Record<string, unknown>>;

/** The part of an app that its own metadata determines. */
export type DescribedApp = Pick<App, "name" | "redirectUris" | "jwks"> & { readonly jwksUri?: string };

/**
 * Reads the metadata that both ways of registration have in common.
 *
 * @throws {AadstsError} `invalid_redirect_uri`, `invalid_client_metadata` (RFC 7591 §3.2.2)
 */
export function readClientMetadata(metadata: ClientMetadata): DescribedApp {
  const grants = words(metadata, "grant_types") ?? ["authorization_code"];
  const redirectUris = words(metadata, "redirect_uris") ?? [];
  if (grants.includes("authorization_code") && redirectUris.length === 0) {
    throw refuseMetadata(
      "invalid_redirect_uri",
      "redirect_uris is missing: the code has to be sent somewhere.",
    );
  }
  for (const uri of redirectUris) checkRedirect(uri, metadata["application_type"]);
  const { jwks, jwks_uri: jwksUri, client_name: name } = metadata;
  if (name !== undefined && typeof name !== "string") throw notA("client_name", "string");
  if (jwksUri !== undefined && typeof jwksUri !== "string") throw notA("jwks_uri", "string");
  if (jwks !== undefined && !isKeySet(jwks)) throw notA("jwks", "key set");
  return { name: name ?? "An app without a name", redirectUris, jwks, jwksUri };
}

/** @returns a refusal of RFC 7591 §3.2.2, or of another error code */
export function refuseMetadata(error: string, text: string): AadstsError {
  return new AadstsError({
    code: 9002313,
    error,
    status: 400,
    text,
    suberror: undefined,
    claims: undefined,
  });
}

/**
 * OpenID Connect Dynamic Client Registration §2, `application_type`, and RFC 8252 §7: native apps are sent to this machine
 * or to a scheme of their own, web apps to https.
 */
function checkRedirect(uri: string, applicationType: unknown): void {
  const url = absoluteUrl(uri);
  if (url === undefined || uri.includes("#")) {
    throw refuseMetadata("invalid_redirect_uri", `${uri} is not an absolute URI without a fragment.`);
  }
  if (applicationType !== undefined && applicationType !== "native" && applicationType !== "web") {
    throw refuseMetadata("invalid_client_metadata", 'application_type is neither "native" nor "web".');
  }
  const isLocal = isLoopback(uri);
  if (applicationType === "web" && (url.protocol !== "https:" || isLocal)) {
    throw refuseMetadata(
      "invalid_redirect_uri",
      `${uri} is not https on another host, which application_type "web" requires.`,
    );
  }
  if (url.protocol === "http:" && !isLocal) {
    throw refuseMetadata("invalid_redirect_uri", `${uri} is neither https nor a loopback address.`);
  }
}

/** @throws {AadstsError} if the member is not an array of strings */
export function words(metadata: ClientMetadata, name: string): readonly string[] | undefined {
  const value = metadata[name];
  if (value === undefined) return undefined;
  const isText = (word: unknown) => typeof word === "string";
  if (!Array.isArray(value) || !value.every(isText)) throw notA(name, "array of strings");
  return value;
}

function notA(name: string, kind: string): AadstsError {
  return refuseMetadata("invalid_client_metadata", `${name} is not a ${kind}.`);
}

function isKeySet(value: unknown): value is KeySet {
  return typeof value === "object" && value !== null && "keys" in value && Array.isArray(value.keys);
}
