import type { Clock } from "../clock.js";
import type { HttpResponse } from "./http-client.js";
import { retryAfterSeconds } from "./retry-after.js";

// Which requests are sent again, and after which failures. `docs/reliability.md` shows these tables, and a test compares them.

/** When a request is sent again: whenever that may help, only if the server has certainly not processed it, or never. */
export type Repeats = "always" | "unprocessed" | "never";

/** Why a request got no usable answer. */
export type Failure =
  /** There was no connection: refused, unknown name, TLS, proxy, too slow. */
  | "no-connection"
  /** The server closed a connection that it had kept open, before a byte of the answer. */
  | "closed"
  /** The connection broke, or there was no complete answer in time. */
  | "broken"
  /** Another attempt would fail in the same way: the response is too long, or the certificate is not trusted. */
  | "permanent";

/** Grants that may be redeemed any number of times. A grant that is not listed may be good for one request only. */
export const GRANTS: Readonly<Record<string, Repeats>> = {
  client_credentials: "always",
  "urn:ietf:params:oauth:grant-type:jwt-bearer": "always",
  "urn:ietf:params:oauth:grant-type:token-exchange": "always",
  user_fic: "always",
  password: "always",
  refresh_token: "unprocessed",
  authorization_code: "never",
  // The next poll is the next attempt, at the pace that the server asks for.
  device_code: "never",
  "urn:ietf:params:oauth:grant-type:device_code": "never",
  "urn:openid:params:grant-type:ciba": "never",
};

/** Requests to other endpoints that may be repeated: they change nothing, or the same each time. */
export const ENDPOINTS: Readonly<Record<string, Repeats>> = {
  introspection_endpoint: "always",
  revocation_endpoint: "always",
  pushed_authorization_request_endpoint: "always",
  device_authorization_endpoint: "always",
};

/** The kinds of failure after which a request is sent again. */
export const FAILURES: Readonly<Record<Failure, readonly Repeats[]>> = {
  "no-connection": ["always", "unprocessed"],
  closed: ["always", "unprocessed"],
  broken: ["always"],
  permanent: [],
};

/** The HTTP statuses after which a request is sent again, if it may always be repeated. */
export const STATUSES: ReadonlySet<number> = new Set([408, 429, 500, 501, 502, 503, 504]);

/** Whether a status means that the same request may succeed later. */
export function mayPass(status: number): boolean {
  return status >= 500 || STATUSES.has(status);
}

/** Whether a status means that the host does not work, rather than that it is asked too often. */
export function isOutage(status: number): boolean {
  return status >= 500 && STATUSES.has(status);
}

/** Further attempts of a request, by default. */
export const DEFAULT_RETRIES = 2;

/** The first pause is shorter than this, and each further one may be twice as long, in milliseconds. */
export const FIRST_PAUSE_MS = 200;

/** A call waits no longer than this for another attempt: after a longer `Retry-After` the caller gets the error. */
export const LONGEST_PAUSE_MS = 3000;

const TOO_MANY_REQUESTS = 429;

/** Returns when a form may be sent again. */
export function repeatsOfForm(endpoint: string, grantType: string | undefined): Repeats {
  if (endpoint !== "token_endpoint") return ENDPOINTS[endpoint] ?? "unprocessed";
  return (Object.hasOwn(GRANTS, grantType ?? "") && GRANTS[grantType ?? ""]) || "unprocessed";
}

/**
 * Returns the milliseconds to wait before a request without an answer is sent again; `undefined` if it is not.
 *
 * @param attempt the number of the attempt that failed, from 1
 */
export function waitAfterFailure(failure: Failure, repeats: Repeats, attempt: number): number | undefined {
  if (!FAILURES[failure].includes(repeats)) return undefined;
  return failure === "closed" ? 0 : backOff(attempt);
}

/**
 * When to ask a host on the same machine or network again, such as the Instance Metadata Service: returns the milliseconds to
 * wait after the statuses so far, or `undefined` to give up. It replaces {@link STATUSES} and the usual pauses.
 */
export type Schedule = (statuses: readonly number[]) => number | undefined;

/** Returns the milliseconds to wait after an answer, by a schedule; longer if `Retry-After` asks for it. */
export function waitBySchedule(
  schedule: Schedule,
  statuses: readonly number[],
  response: HttpResponse,
  clock: Clock,
): number | undefined {
  const least = schedule(statuses);
  return least === undefined
    ? undefined
    : Math.max(least, (retryAfterSeconds(response.headers, clock) ?? 0) * 1000);
}

/** Returns the milliseconds to wait after an answer before the request is sent again; `undefined` if it is not. */
export function waitAfterAnswer(
  response: HttpResponse,
  { repeats, isDocument, attempt, clock }: AnswerContext,
): number | undefined {
  if (repeats !== "always" || !STATUSES.has(response.status)) return undefined;
  const asked = retryAfterSeconds(response.headers, clock);
  // The library tells Entra that it waits a minute after a 429 without a pause (`x-ms-lib-capability: h429`).
  if (asked === undefined && response.status === TOO_MANY_REQUESTS && !isDocument) return undefined;
  const wait = Math.max(backOff(attempt), (asked ?? 0) * 1000);
  return wait <= LONGEST_PAUSE_MS ? wait : undefined;
}

interface AnswerContext {
  readonly repeats: Repeats;
  /** Whether it is a document that is fetched, not a form that is sent. */
  readonly isDocument: boolean;
  readonly attempt: number;
  readonly clock: Clock;
}

/** Exponential, with full jitter: callers that failed together do not come back together. */
function backOff(attempt: number): number {
  return Math.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempt - 1));
}

/** Error codes of certificates and TLS: another attempt would fail in the same way. */
const PERMANENT = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_SSL|ERR_TLS|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH/;

/** Error codes of connections that could not be made. */
const NO_CONNECTION: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Classifies an error of an HTTP client. The library's own client marks those for which nothing was sent. */
export function failureOf(error: unknown): Failure {
  const code = codeIn(error);
  if (typeof code === "string" && PERMANENT.test(code)) return "permanent";
  if (isMarked(error, "isPermanent")) return "permanent";
  if (isMarked(error, "isClosed")) return "closed";
  return isMarked(error, "isUnsent") || NO_CONNECTION.has(code) ? "no-connection" : "broken";
}

/** The code of an error or, as with `fetch`, of its cause. A chain of causes may be circular. */
function codeIn(error: unknown, depth = 0): unknown {
  const { code, cause } = membersOf(error);
  return code === undefined && cause !== undefined && depth < DEEPEST_CAUSE ? codeIn(cause, depth + 1) : code;
}

const DEEPEST_CAUSE = 5;

/** Whether a request has ended while it waited for a free connection: that says nothing about its host. */
export function hasOnlyWaited(error: unknown): boolean {
  return isMarked(error, "hasOnlyWaited");
}

function isMarked(error: unknown, mark: "isUnsent" | "isClosed" | "isPermanent" | "hasOnlyWaited"): boolean {
  return membersOf(error)[mark] === true;
}

/** Not by `instanceof`: an error may come from another realm, such as that of a test runner. */
function membersOf(error: unknown): Readonly<Record<string, unknown>> {
  return typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
}
