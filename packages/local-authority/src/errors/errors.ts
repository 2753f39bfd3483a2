import type { AadstsRow } from "./aadsts-row.js";
import { clientErrors } from "./client-errors.js";
import { requestErrors } from "./request-errors.js";
import type { Trace } from "./trace.js";
import { userErrors } from "./user-errors.js";

/** A refusal with an AADSTS code. It becomes JSON, a redirect or a page, depending on the endpoint. */
export class AadstsError extends Error {
  readonly code: AadstsCode;
  readonly error: string;
  readonly status: 400 | 401 | 404;
  /** The description without the code. */
  readonly text: string;
  readonly suberror: string | undefined;
  readonly claims: string | undefined;

  constructor({ code, error, status, text, suberror, claims }: Omit<AadstsError, keyof Error>) {
    super(`AADSTS${code}: ${text}`);
    this.code = code;
    this.error = error;
    this.status = status;
    this.text = text;
    this.suberror = suberror;
    this.claims = claims;
  }
}

/**
 * Creates the error for an AADSTS code.
 *
 * @param values values for the `{placeholders}` in the description
 * @param override fields that differ from the table in this case
 */
export function refuse(
  code: AadstsCode,
  values: Readonly<Record<string, string>> = {},
  override: { readonly error?: string; readonly suberror?: string; readonly claims?: string } = {},
): AadstsError {
  const [error, text, status = 400, suberror] = table[code];
  const filled = text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
  return new AadstsError({
    code,
    error: override.error ?? error,
    status,
    text: filled,
    suberror: override.suberror ?? suberror,
    claims: override.claims,
  });
}

/** Formats the `error_description` as Entra does: AADSTS code, description and IDs. */
export function describe(failure: AadstsError, trace: Trace): string {
  const { traceId, correlationId, timestamp } = trace;
  return `${failure.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`;
}

export function errorUri(failure: AadstsError, url: string): string {
  return `${url}/error?code=${failure.code}`;
}

export type AadstsCode = keyof typeof requestErrors | keyof typeof clientErrors | keyof typeof userErrors;

/** The descriptions are taken from Microsoft's reference, and from bug reports that quote the service. */
const table: Readonly<Record<AadstsCode, AadstsRow>> = { ...requestErrors, ...clientErrors, ...userErrors };
