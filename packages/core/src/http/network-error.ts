import { causesOf, memberOf } from "../errors/causes.js";
import { clientAuthError, copyFor, isAuthError, type AuthError } from "../errors/errors.js";
import { printable } from "../printable.js";
import { failureOf } from "./retry-policy.js";

/**
 * Returns the error for a request without an answer.
 *
 * @param line method and URL, as log lines and errors show them
 * @param hide hides the secrets of the request
 */
export function networkError(
  line: string,
  error: unknown,
  { hide, correlationId }: { readonly hide: (text: string) => string; readonly correlationId: string },
): AuthError {
  if (isAuthError(error)) return ownError(error, hide);
  const cause = bareError(error, hide);
  const own = clientAuthError(
    "network_error",
    `${line} received no response: ${rootMessage(cause)}. ${remedyFor(cause)}`,
    { correlationId, cause },
  );
  own.isRetryable = failureOf(error) !== "permanent";
  return own;
}

/** Codes of certificates that are not valid at the time of this machine's clock. */
const CERTIFICATE_TIMES: ReadonlySet<unknown> = new Set(["CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"]);

function remedyFor(error: Error): string {
  if (!CERTIFICATE_TIMES.has(memberOf(rootOf(error), "code")))
    return "Check the network, the proxy and the trusted certificates.";
  const time = new Date().toISOString();
  return `The server's certificate is not valid at ${time}, the time by this machine's clock: if the clock is wrong, set it; otherwise the certificate has to be renewed.`;
}

/** Copies an error of the app's own client: class and code stay, and secrets of the request are removed. */
function ownError(error: AuthError, hide: (text: string) => string): AuthError {
  const own = copyFor(error, error.correlationId);
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(own))) {
    const shown: unknown =
      typeof value === "string" ? hide(value) : name === "cause" ? value && bareError(value, hide) : value;
    if (typeof shown === "object" && shown !== null && name !== "cause") Reflect.deleteProperty(own, name);
    else if (shown !== value) Object.defineProperty(own, name, { value: shown });
  }
  return own;
}

/**
 * Copies an error's message, code and causes only: an app's own client may have attached the request, with its
 * secrets, to the error.
 */
function bareError(error: unknown, hide: (text: string) => string): Error {
  const copies = [...causesOf(error)].map((one) => bareCopy(one, hide));
  return copies.reduceRight((cause, one) => Object.assign(one, { cause }));
}

function bareCopy(error: unknown, hide: (text: string) => string): Error {
  if (typeof error !== "object" || error === null) return new Error(hide(String(error)));
  const [message, code] = [memberOf(error, "message"), memberOf(error, "code")];
  const bare = new Error(typeof message === "string" ? printable(hide(message)) : "");
  for (const key of ["name", "stack"]) {
    const value = memberOf(error, key);
    if (typeof value === "string")
      Object.defineProperty(bare, key, { value: hide(value), configurable: true });
  }
  if (typeof code === "string") Object.assign(bare, { code: hide(code) });
  if (typeof code === "number") Object.assign(bare, { code });
  return bare;
}

function rootOf(error: Error): Error & { readonly code?: string | number } {
  return [...causesOf(error)].filter((one) => one instanceof Error).at(-1) ?? error;
}

/** The message of the innermost cause of an error. */
export function rootMessage(error: Error): string {
  const { message, code, name } = rootOf(error);
  return message || String(code ?? name);
}
