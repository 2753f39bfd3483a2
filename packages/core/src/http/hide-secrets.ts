import { base64Decode, percentEncode } from "../encoding.js";

/** Request parameters that only the identity provider may see. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  "actor_token",
  "assertion",
  "attribute_tokens",
  "auth_req_id",
  "client_assertion",
  "client_notification_token",
  "client_secret",
  "code",
  "code_verifier",
  "device_code",
  "id_token_hint",
  "login_hint_token",
  "password",
  "refresh_token",
  "subject_token",
  "token",
  "user_code",
  "user_federated_identity_credential",
]);

/** Request headers that hold a credential: the standard one, and those of managed identity endpoints. */
const SECRET_HEADERS: ReadonlySet<string> = new Set(["authorization", "dpop", "secret", "x-identity-header"]);

/** Minimum length of a secret to hide, in characters. Shorter values may be ordinary words. */
const MIN_SECRET_LENGTH = 8;

const HIDDEN = "(hidden)";

/** The parts of a request that may hold secrets. */
export interface SentSecrets {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Secrets in a body that is not a form. */
  readonly secrets?: readonly string[] | undefined;
}

/**
 * Returns a function that hides the secrets of a request in a string. A server may echo them, and an app's own
 * network client may quote them in its errors.
 */
export function hideSecretsOf({
  headers,
  body = "",
  secrets: others = [],
}: SentSecrets): (text: string) => string {
  const credentials = Object.entries(headers).flatMap(([name, value]) =>
    SECRET_HEADERS.has(name.toLowerCase()) ? [value, ...partsOf(value)] : [],
  );
  const values = [...new URLSearchParams(body)].flatMap(([name, value]) =>
    SECRET_PARAMETERS.has(name) ? [value] : [],
  );
  const secrets = [body, ...credentials, ...values, ...others]
    .filter(({ length }) => length >= MIN_SECRET_LENGTH)
    // Each secret as is, form- or URL-encoded, and JSON-escaped.
    .flatMap((secret) => [secret, percentEncode(secret), JSON.stringify(secret).slice(1, -1)]);
  return (text) => secrets.reduce((rest, secret) => rest.replaceAll(secret, HIDDEN), text);
}

/** The credential behind a scheme and, with HTTP Basic (RFC 7617 §2, RFC 6749 §2.3.1), the secret inside it. */
export function partsOf(header: string): readonly string[] {
  const [scheme = "", credential = ""] = header.split(" ", 2);
  if (scheme.toLowerCase() !== "basic") return [credential];
  const pair = base64Decode(credential);
  const encoded = pair.slice(pair.indexOf(":") + 1);
  return [credential, encoded, ...new URLSearchParams(`s=${encoded.replaceAll("&", "%26")}`).values()];
}
