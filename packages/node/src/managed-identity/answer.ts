import { ServerError, type Clock, type HttpResponse } from "@tessera/core";
import {
  clientAuthError,
  epochSeconds,
  lifetimeSeconds,
  parseJsonObject,
  parseTokenResponse,
  type SourcedToken,
} from "@tessera/core/internal";
import { parsedTime } from "./expiry.js";

/** Lifetime in seconds from which a token is renewed at half of it. */
const LONG = 7200;

/** What an answer is read with. Times are in seconds since the epoch. */
export interface AnswerContext {
  readonly clock: Clock;
  /** From when the lifetimes are counted. */
  readonly requestedAt: number;
  /** When the request that was answered was sent. */
  readonly sentAt: number;
  /** How far the host's clock is ahead of a clock of this machine that is wrong. */
  readonly correction: number;
  readonly correlationId: string;
  /** What to do when something else than the host answers. */
  readonly advice: string;
  /** Hides the secrets of the request. */
  readonly hide: (text: string) => string;
  /** Checks that the token is for the requested identity. */
  readonly confirm: (body: Readonly<Record<string, unknown>>) => void;
}

/**
 * Parses the response of an endpoint of a managed identity.
 *
 * @throws ServerError for an error response; ClientAuthError `invalid_token_response` for one that is not valid
 */
export function tokenIn(response: HttpResponse, context: AnswerContext): SourcedToken {
  const { clock, requestedAt, sentAt, correction, correlationId } = context;
  const body = parseJsonObject(response.body);
  if (!body) throw foreign(response, context);
  // A list would be read as the scopes of an OAuth server.
  if (Array.isArray(body["resource"])) throw invalid("resource is a list, not a string", correlationId);
  const oauth = { ...response, body: JSON.stringify(inOAuthForm(body, context.hide)) };
  const { accessToken, scope } = parseTokenResponse(oauth, false, correlationId);
  context.confirm(body);
  const stated = parsedTime(body["expires_on"]);
  const expiresOn = stated === undefined ? after(sentAt, body["expires_in"]) : stated - correction;
  if (expiresOn === undefined) {
    throw invalid(
      "the token's expires_on and expires_in are missing, or in a format that is not known",
      correlationId,
    );
  }
  const now = epochSeconds(clock);
  if (expiresOn <= now) {
    throw invalid(
      `the token expired ${now - expiresOn} seconds ago: check the clock of this machine`,
      correlationId,
    );
  }
  const expiresIn = expiresOn - requestedAt;
  const renewal = after(sentAt, body["refresh_in"]);
  const half = expiresIn > LONG ? Math.floor(expiresIn / 2) : undefined;
  const isUsable = renewal !== undefined && renewal > now && renewal < expiresOn;
  return { accessToken, expiresIn, refreshIn: isUsable ? renewal - requestedAt : half, scope };
}

function after(start: number, seconds: unknown): number | undefined {
  const lifetime = lifetimeSeconds(seconds);
  return lifetime === undefined ? undefined : start + lifetime;
}

/** Hosts have three formats of errors, and name the scope `resource`. */
function inOAuthForm(
  body: Readonly<Record<string, unknown>>,
  hide: (text: string) => string,
): Readonly<Record<string, unknown>> {
  const { error, message } = body;
  const nested = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : undefined;
  const description = message || (nested ? nested["message"] : body["error_description"]);
  const isRefusal = Boolean(error || description || body["suberror"]);
  return {
    access_token: body["access_token"],
    token_type: body["token_type"],
    scope: body["resource"],
    ...(isRefusal
      ? {
          error: nested ? (nested["code"] ?? "") : (error ?? ""),
          error_description: typeof description === "string" ? hide(description) : undefined,
          error_codes: body["error_codes"],
          timestamp: body["timestamp"],
          trace_id: body["trace_id"],
          correlation_id: body["correlation_id"] ?? body["correlationId"],
        }
      : {}),
  };
}

/** The error for a response that is not JSON: a proxy, a captive portal or a container engine answers in the host's place. */
function foreign(response: HttpResponse, { correlationId, advice }: AnswerContext): Error {
  const { status, headers } = response;
  const type = headers["content-type"] ?? "no content type";
  const what =
    status >= 300 && status < 400
      ? `HTTP ${status} redirects the request, and redirects are never followed (the request may hold a secret).`
      : `HTTP ${status} (${type}) is not the answer of a host with a managed identity. ${advice}`;
  return status < 400
    ? clientAuthError("invalid_token_response", what, { correlationId })
    : new ServerError("server_error", correlationId, what, undefined, undefined, status);
}

function invalid(what: string, correlationId: string): Error {
  return clientAuthError(
    "invalid_token_response",
    `The response of the managed identity's endpoint is not valid: ${what}.`,
    { correlationId },
  );
}
