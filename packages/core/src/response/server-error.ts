import { printable } from "../printable.js";
import { InteractionRequiredAuthError, ServerError, type AuthError } from "../errors/errors.js";

/** `error` values that require user interaction. */
const INTERACTION_ERRORS: ReadonlySet<string> = new Set([
  "interaction_required",
  "consent_required",
  "login_required",
  "bad_token",
  "ui_not_allowed",
  "interrupted_user",
]);

/** `suberror` values that require user interaction. */
const INTERACTION_SUBERRORS: ReadonlySet<string> = new Set([
  "message_only",
  "additional_action",
  "basic_action",
  "user_password_expired",
  "consent_required",
  "bad_token",
  "ui_not_allowed",
  "interrupted_user",
]);

/**
 * Converts an OAuth error response (RFC 6749 §5.2) to an error: {@link InteractionRequiredAuthError} when `error` or
 * `suberror` requires user interaction, {@link ServerError} otherwise. The description is never used to decide.
 *
 * @param body JSON body, or the parameters of an authorization response
 * @param status HTTP status, if any
 * @param correlationId the caller's correlation id
 */
export function serverError(
  body: Readonly<Record<string, unknown>>,
  status: number | undefined,
  correlationId: string,
): AuthError {
  const error = text(body["error"]) || "unknown_error";
  const description = text(body["error_description"]);
  const suberror = text(body["suberror"]);
  const codes = (Array.isArray(body["error_codes"]) ? body["error_codes"] : [])
    .filter(isCode)
    .map((code) => printable(String(code)));
  const [errorNo] = codes;
  if (INTERACTION_ERRORS.has(error) || INTERACTION_SUBERRORS.has(suberror)) {
    return new InteractionRequiredAuthError(
      error,
      correlationId,
      description,
      suberror,
      text(body["timestamp"]),
      text(body["trace_id"]),
      text(body["claims"]),
      errorNo,
    );
  }
  return new ServerError(error, correlationId, serverMessage(body, codes), suberror, errorNo, status);
}

/** In MSAL's form as far as the server has said something; a description without company stands by itself. */
function serverMessage(body: Readonly<Record<string, unknown>>, codes: readonly string[]): string {
  const description = text(body["error_description"]);
  const said = [
    ["Error(s)", codes.join(" ")],
    ["Timestamp", text(body["timestamp"])],
    ["Description", description],
    ["Correlation ID", text(body["correlation_id"])],
    ["Trace ID", text(body["trace_id"])],
  ].filter(([, value]) => value);
  if (said.length === 0) return "The provider gives no description.";
  return said.length === 1 && description ? description : said.map((pair) => pair.join(": ")).join(" - ");
}

function isCode(value: unknown): value is string | number {
  return typeof value === "number" || typeof value === "string";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
