import { isObject } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import { isRecord, wrongType } from "../request/field-types.js";

/** Metadata of a client, with the names of RFC 7591 §2. */
export type RegistrationMetadata = Readonly<Record<string, unknown>>;

/**
 * A client that a provider has registered: plain JSON, to be stored as a secret. It belongs to the issuer, and so do its
 * credentials.
 */
export interface ClientRegistration {
  readonly issuer: string;
  readonly clientId: string;
  /** In seconds since the epoch. */
  readonly clientIdIssuedAt?: number;
  readonly clientSecret?: string;
  /** When the secret expires, in seconds since the epoch; absent if it does not. */
  readonly clientSecretExpiresAt?: number;
  /** Authenticates the management of the registration (RFC 7592). */
  readonly registrationAccessToken?: string;
  /** Where the registration is managed. */
  readonly registrationClientUri?: string;
  /** The metadata as the provider has registered them, which may differ from the requested ones. */
  readonly metadata: RegistrationMetadata;
}

/** Members of a response that are fields of their own, and no metadata that a client may set (RFC 7592 §2.2). */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  "client_id",
  "client_id_issued_at",
  "client_secret",
  "client_secret_expires_at",
  "registration_access_token",
  "registration_client_uri",
]);

/** Checks a stored registration. Its values are not shown: some are secrets. */
export function checkedRegistration(value: unknown): ClientRegistration {
  if (!isRecord(value)) throw wrongType("registration", value, "the result of registerClient");
  const { issuer, clientId } = value;
  const texts = ["clientSecret", "registrationAccessToken", "registrationClientUri"];
  const isWhole =
    typeof issuer === "string" &&
    typeof clientId === "string" &&
    texts.every((name) => ["string", "undefined"].includes(typeof value[name]));
  if (!isWhole) {
    const text = "registration is not one that registerClient has returned: store it as it is.";
    throw clientConfigurationError("invalid_option", text);
  }
  return { ...value, issuer, clientId, metadata: isRecord(value["metadata"]) ? value["metadata"] : {} };
}

/** Members of a private JSON Web Key (RFC 7518 §6). */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Checks the metadata of a client: a private key must not be sent. */
export function checkedMetadata(metadata: unknown): RegistrationMetadata {
  if (!isRecord(metadata)) throw wrongType("metadata", metadata, "an object with the names of RFC 7591");
  const { jwks } = metadata;
  const keys: unknown = isObject(jwks) ? jwks["keys"] : undefined;
  if (
    Array.isArray(keys) &&
    keys.some((key) => isObject(key) && PRIVATE_MEMBERS.some((name) => name in key))
  ) {
    const text = "metadata.jwks holds a private key, which must not be sent: pass the public keys only.";
    throw clientConfigurationError("invalid_option", text);
  }
  return metadata;
}

/** Leaves out members that a client may not set. */
export function onlyMetadata(body: RegistrationMetadata): RegistrationMetadata {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !OWN_FIELDS.has(name)));
}
