import { failure } from "../errors.js";
import { isObject, type JsonObject } from "../json.js";

/** Where tokens are kept. */
export type StoreName = "keychain" | "passphrase" | "file";

/** How an identity proves itself. Secrets are named, never kept. */
export type Identity =
  /** A user who signs in. */
  | { readonly kind: "user" }
  /** An application whose secret is in an environment variable. */
  | { readonly kind: "secret"; readonly variable: string }
  /** An application with a certificate and its key in a file. */
  | { readonly kind: "certificate"; readonly file: string }
  /** A workload whose platform writes a token to a file. */
  | { readonly kind: "federated"; readonly file: string }
  /** The managed identity of this machine. */
  | { readonly kind: "managed" }
  /** Whatever identity this machine has. */
  | { readonly kind: "default" };

/** A host, or another resource, to which a profile's tokens may be sent. */
export interface Binding {
  /** `api.example`, `localhost:8080`, or an identifier such as `api://orders`. */
  readonly host: string;
  /** Scopes of its tokens, if they are not the profile's. */
  readonly scopes?: readonly string[];
  /** User name for helpers whose protocol wants one. */
  readonly username?: string;
}

/** What is remembered under a name: who signs in where. It has no secret in it. */
export interface Profile {
  readonly name: string;
  readonly clientId: string;
  /** `authority:URL`, `issuer:URL` or a preset such as `auth0:contoso.auth0.com`. */
  readonly provider: string;
  readonly scopes: readonly string[];
  readonly store: StoreName;
  readonly identity: Identity;
  /** Path of a file with certificates to trust. */
  readonly ca?: string;
  /** Where the browser comes back to. */
  readonly redirectUri?: string;
  /** The user who signed in last. */
  readonly account?: { readonly homeAccountId: string; readonly username: string };
  readonly bindings: readonly Binding[];
}

/** Whether a text can be the name of a profile, which is also that of its folder. */
export function isProfileName(name: string): boolean {
  return /^[A-Za-z\d][\w.-]{0,63}$/.test(name) && !name.endsWith(".");
}

/**
 * Reads the text of a profile's file.
 *
 * @throws CommandError if it is not what {@link writtenProfile} writes
 */
export function readProfileText(name: string, file: string, text: string): Profile {
  try {
    const document: unknown = JSON.parse(text);
    if (isProfileDocument(document)) return { ...document, name };
  } catch {
    // Said below.
  }
  throw failure(`${file} is damaged: remove it, and run tessera login --profile ${name}.`);
}

/** Returns the text of a profile's file. */
export function writtenProfile({ name: _, ...document }: Profile): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}

function isProfileDocument(value: unknown): value is Omit<Profile, "name"> {
  if (!isObject(value)) return false;
  const { clientId, provider, scopes, store, identity, bindings, account } = value;
  return (
    [clientId, provider].every((text) => typeof text === "string") &&
    isTexts(scopes) &&
    (store === "keychain" || store === "passphrase" || store === "file") &&
    isObject(identity) &&
    isIdentity(identity) &&
    (account === undefined || (isObject(account) && typeof account["homeAccountId"] === "string")) &&
    Array.isArray(bindings) &&
    bindings.every((one) => isObject(one) && typeof one["host"] === "string")
  );
}

function isIdentity({ kind, variable, file }: JsonObject): boolean {
  if (kind === "secret") return typeof variable === "string";
  if (kind === "certificate" || kind === "federated") return typeof file === "string";
  return kind === "user" || kind === "managed" || kind === "default";
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
