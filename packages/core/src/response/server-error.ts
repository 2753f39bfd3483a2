import { parsedUrl } from "../http/secure-url.js";
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

/** `error` values of a user who said no, in the browser or to a device code (RFC 6749 §4.1.2.1, RFC 8628 §3.5). */
const REFUSALS: ReadonlySet<string> = new Set(["access_denied", "authorization_declined"]);

/**
 * Converts an OAuth error response (RFC 6749 §5.2) to an error: {@link InteractionRequiredAuthError} when `error` or
 * `suberror` requires user interaction, {@link ServerError} otherwise. The description is never used to decide.
 *
 * @param body JSON body, or the parameters of an authorization response
 * @param status HTTP status; `undefined` for an authorization response, whose message is its description
 * @param correlationId the caller's correlation id
 */
export function serverError(
  body: Readonly<Record<string, unknown>>,
  status: number | undefined,
  correlationId: string,
): AuthError {
  const said = errorIn(body);
  const error = said.error || "unknown_error";
  const suberror = text(body["suberror"]);
  const description =
    said.description ||
    (REFUSALS.has(error) ? "The user declined, or the provider does not let the user in." : "");
  const codes = (
    Array.isArray(body["error_codes"]) ? body["error_codes"] : [...said.codes, ...codesIn(body["error_uri"])]
  )
    .filter(isCode)
    .map(codeOf);
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
  return new ServerError(
    error,
    correlationId,
    serverMessage(body, { status, description, codes }),
    suberror,
    errorNo,
    status,
  );
}

interface SaidError {
  readonly error: string;
  readonly description: string;
  readonly codes: readonly unknown[];
}

/**
 * What a server says of an error: as RFC 6749 §5.2 has it, as an object (Facebook), or with the reason in `message` and
 * without a code of its own (Twitch).
 */
function errorIn(body: Readonly<Record<string, unknown>>): SaidError {
  const { error, error_description: description, message } = body;
  if (typeof error !== "object" || error === null) {
    const isCoded = (error ?? body["suberror"] ?? undefined) !== undefined;
    return {
      error: isCoded ? text(error) : "server_error",
      description: text(description) || text(message),
      codes: [],
    };
  }
  const { type, code, message: reason }: { type?: unknown; code?: unknown; message?: unknown } = error;
  const isText = typeof code === "string";
  return {
    error: (isText ? code : "") || text(type),
    description: text(reason) || text(description),
    codes: isText ? [] : [code],
  };
}

interface ServerWords {
  readonly status: number | undefined;
  readonly description: string;
  readonly codes: readonly (string | number)[];
}

/**
 * In MSAL's form as far as the server has said something. A description alone, or that of an authorization response, stands by
 * itself.
 */
function serverMessage(
  body: Readonly<Record<string, unknown>>,
  { status, description, codes }: ServerWords,
): string {
  const parts = [
    ["Error(s)", codes.join(",")],
    ["Timestamp", text(body["timestamp"])],
    ["Description", description],
    ["Correlation ID", text(body["correlation_id"])],
    ["Trace ID", text(body["trace_id"])],
  ].filter(([, value]) => value);
  if (parts.length === 0) return "The provider gives no description.";
  const isAlone = description !== "" && (status === undefined || parts.length === 1);
  return isAlone ? description : parts.map((part) => part.join(": ")).join(" - ");
}

/** The code that Entra puts into the `error_uri` of an authorization response. */
function codesIn(uri: unknown): readonly unknown[] {
  const code = typeof uri === "string" ? parsedUrl(uri)?.searchParams.get("code") : undefined;
  return code ? [code] : [];
}

/** Entra sends numbers; as text they compare with nothing that an app is written with. */
function codeOf(code: string | number): string | number {
  if (typeof code === "number") return code;
  return /^\d{1,15}$/.test(code) ? Number(code) : printable(code);
}

function isCode(value: unknown): value is string | number {
  return typeof value === "number" || typeof value === "string";
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
