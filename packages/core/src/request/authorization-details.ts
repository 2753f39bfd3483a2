import { isObject, sha256Base64Url } from "../encoding.js";
import { clientConfigurationError } from "../errors/errors.js";
import type { Call } from "../http/transport.js";

/** What a token may be used for, in more detail than a scope (RFC 9396 §2). The other members depend on the type. */
export interface AuthorizationDetail {
  readonly type: string;
  readonly [member: string]: unknown;
}

/**
 * Checks authorization details.
 *
 * @returns their JSON, as it is sent
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedDetails(given: unknown, correlationId: string): string | undefined {
  if (given === undefined || (Array.isArray(given) && given.length === 0)) return undefined;
  if (areDetails(given)) return JSON.stringify(given);
  throw clientConfigurationError(
    "invalid_option",
    'authorizationDetails is not an array of objects with a type: pass such as [{ type: "payment_initiation", … }] (RFC 9396).',
    { correlationId },
  );
}

/** Whether a value is a list of authorization details. */
export function areDetails(value: unknown): value is readonly AuthorizationDetail[] {
  return (
    Array.isArray(value) &&
    value.every((one) => isObject(one) && typeof one["type"] === "string" && one["type"] !== "")
  );
}

/** Parses authorization details that were checked before, or that come from a stored cache. */
export function detailsIn(text: string | undefined): readonly AuthorizationDetail[] {
  if (text === undefined) return [];
  try {
    const details: unknown = JSON.parse(text);
    return areDetails(details) ? details : [];
  } catch {
    return [];
  }
}

/**
 * Refuses types that the provider does not list.
 *
 * @throws ClientConfigurationError `invalid_option`, naming the types
 */
export function requireKnownTypes(
  text: string | undefined,
  metadata: Readonly<Record<string, unknown>>,
  call: Call,
): void {
  if (text === undefined) return;
  const known: unknown = metadata["authorization_details_types_supported"];
  if (!Array.isArray(known)) return;
  const unknown = detailsIn(text).flatMap(({ type }) => (known.includes(type) ? [] : [`"${type}"`]));
  if (unknown.length === 0) return;
  throw clientConfigurationError(
    "invalid_option",
    `authorizationDetails has the type ${unknown.join(", ")}, which the provider does not support: use ${known.join(", ") || "none"} (authorization_details_types_supported).`,
    call,
  );
}

/** A digest for the cache key, because details such as account numbers must not be cached in the clear as part of a key. */
export function detailsDigest(value: unknown): string | undefined {
  return areDetails(value) && value.length > 0
    ? sha256Base64Url(JSON.stringify(value.map(canonical).sort()))
    : undefined;
}

/** JSON with sorted members. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    isObject(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
