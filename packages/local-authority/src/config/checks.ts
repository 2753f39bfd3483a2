import { absoluteUrl } from "../http/absolute-url.js";
import { isObject } from "../json.js";

/**
 * Thrown for an invalid option or fault. The message names the field, its value and the remedy. It does not show
 * secrets, passwords and keys, or objects, which may contain them.
 *
 * @example
 * ```ts
 * import { LocalAuthorityConfigurationError, startLocalAuthority } from "@tessera/local-authority";
 *
 * try {
 *   await startLocalAuthority({ port: 70_000 });
 * } catch (error) {
 *   if (!(error instanceof LocalAuthorityConfigurationError)) throw error;
 *   console.log(error.field, error.message); // port "port is 70000: use a whole number from 0 to 65535"
 * }
 * ```
 */
export class LocalAuthorityConfigurationError extends Error {
  override readonly name = "LocalAuthorityConfigurationError";
  /** The value that was passed; `undefined` for secrets, passwords, keys and objects. */
  readonly value: unknown;
  constructor(
    /** Path of the field, for example `tenants[0].apps[1].redirectUris[0]`. */
    readonly field: string,
    value: unknown,
    remedy: string,
    options: ErrorOptions & { readonly hidden?: boolean } = {},
  ) {
    const hidden = options.hidden ?? isHidden(field, value);
    super(`${field} is ${hidden ? kindOf(value) : display(value)}: ${remedy}`, options);
    this.value = hidden ? undefined : value;
  }
}

/** Rejects unknown fields, most of which are typos. @throws {LocalAuthorityConfigurationError} */
export function checkKeys(field: string, value: unknown, known: readonly string[]): void {
  if (!isObject(value)) {
    throw new LocalAuthorityConfigurationError(field, value, "use an object");
  }
  for (const [key, content] of Object.entries(value)) {
    if (!known.includes(key)) {
      const path = field === "" ? key : `${field}.${key}`;
      throw new LocalAuthorityConfigurationError(
        path,
        content,
        `this field does not exist; known fields: ${known.join(", ")}`,
        // It may be the misspelled name of a secret.
        { hidden: true },
      );
    }
  }
}

export function checkArray<T>(field: string, value: readonly T[]): readonly T[] {
  const isArray: boolean = Array.isArray(value);
  if (!isArray) throw new LocalAuthorityConfigurationError(field, value, "use an array");
  return value;
}

export function checkEach(
  field: string,
  values: readonly unknown[],
  check: (field: string, value: unknown) => void,
): void {
  checkArray(field, values).forEach((value, i) => {
    check(`${field}[${i}]`, value);
  });
}

export function checkString(field: string, value: unknown): string {
  if (typeof value === "string" && value !== "" && value === value.trim()) return value;
  throw new LocalAuthorityConfigurationError(
    field,
    value,
    "use a non-empty string without leading or trailing spaces",
  );
}

export function checkFlag(field: string, value: unknown): void {
  if (typeof value !== "boolean")
    throw new LocalAuthorityConfigurationError(field, value, "use true or false");
}

export function checkSeconds(field: string, value: unknown): void {
  if (!Number.isInteger(value) || Number(value) < 0) {
    throw new LocalAuthorityConfigurationError(field, value, "use a whole number of seconds, 0 or more");
  }
}

export function checkRotation(field: string, value: unknown): void {
  if (value !== "reuse-allowed" && value !== "strict") {
    throw new LocalAuthorityConfigurationError(field, value, 'use "reuse-allowed" or "strict"');
  }
}

const guidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function checkGuid(field: string, value: unknown): string {
  if (typeof value === "string" && guidPattern.test(value)) return value;
  throw new LocalAuthorityConfigurationError(field, value, "use a GUID in lower case");
}

export function checkDomain(field: string, value: unknown): string {
  if (typeof value === "string" && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(value)) return value;
  throw new LocalAuthorityConfigurationError(
    field,
    value,
    "use a domain name in lower case, such as contoso.example",
  );
}

/** Accepts a host name with an optional port, as in a `Host` header. */
export function checkHostName(field: string, value: unknown): void {
  if (typeof value === "string" && /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/.test(value)) return;
  throw new LocalAuthorityConfigurationError(
    field,
    value,
    "use a host name in lower case, such as login.example or login.example:8443",
  );
}

export function checkRedirectUri(field: string, value: unknown): void {
  if (typeof value !== "string" || !absoluteUrl(value) || value.includes("#")) {
    throw new LocalAuthorityConfigurationError(
      field,
      value,
      "use an absolute URI without a fragment (RFC 6749 §3.1.2)",
    );
  }
}

/** Drops `undefined` fields, so that they do not override a default. */
export function pickDefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, content]) => content !== undefined)) as T;
}

function display(value: unknown): string {
  if (value === undefined) return "missing";
  return typeof value === "number" ? String(value) : JSON.stringify(value);
}

function kindOf(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (typeof value !== "object") return "hidden";
  return Array.isArray(value) ? "an array" : "an object";
}

function isHidden(field: string, value: unknown): boolean {
  if (/secret|password|certificate|jwks|key/i.test(field)) return true;
  return !["string", "number", "boolean", "undefined"].includes(typeof value) && value !== null;
}
