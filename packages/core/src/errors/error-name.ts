import { memberOf } from "./causes.js";
import { isAuthError } from "./errors.js";

/** Codes and class names as programs write them. Any other text may name a user or quote a secret. */
const ERROR_CODE = /^[\w.:/-]{1,64}$/;
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,40}$/;
const CLASS_NAME = /^[A-Z]\w{1,40}$/;

/** What of an error may stand in every log line: its code or its class, Entra's number, the HTTP status. */
export function errorName(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  const kind = errorType(error);
  if (!isAuthError(error)) return kind;
  const { errorNo, status } = error as { readonly errorNo?: unknown; readonly status?: unknown };
  const number = /^\d{1,10}$/.test(String(errorNo)) ? ` (${String(errorNo)})` : "";
  return `${kind}${number}${typeof status === "number" ? `, HTTP ${status}` : ""}`;
}

/** The same without numbers, for the attribute `error.type` of a span or metric: it has few values. */
export function errorType(error: unknown): string {
  if (typeof error !== "object" || error === null) return typeof error;
  return (
    matching(memberOf(error, "errorCode"), ERROR_CODE) ??
    matching(memberOf(error, "code"), SYSTEM_CODE) ??
    matching(memberOf(error, "name"), CLASS_NAME) ??
    "an error of another kind"
  );
}

function matching(value: unknown, pattern: RegExp): string | undefined {
  return typeof value === "string" && pattern.test(value) ? value : undefined;
}
