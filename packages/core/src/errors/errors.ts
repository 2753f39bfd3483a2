import type {
  ClientAuthErrorCode,
  ClientConfigurationErrorCode,
  InteractionRequiredAuthErrorCode,
} from "./error-codes.js";
import type { AcquisitionMetadata } from "../metadata.js";
import { printable } from "../printable.js";

/**
 * Base class of the library's errors, with a stable `errorCode`, a message that says what to do, and the correlation
 * id of the request. `cause` holds the underlying error, if any.
 */
export class AuthError extends Error {
  /** A stable code: one of the `…ErrorCodes`, or the server's own `error` (RFC 6749 §5.2). */
  errorCode: string;
  /** What went wrong and what to do about it. Never holds a secret or a token. */
  errorMessage: string;
  /** The server's `suberror`, or `""`. */
  subError: string;
  /** The correlation id of the request that failed, or `""`. */
  correlationId: string;
  /** The error reported by the operating system's broker, if it caused this one. */
  platformBrokerError?: PlatformBrokerError;
  /** Throttled: seconds to wait before the same call is made again. An error made here counts down what is left. */
  declare retryAfterSeconds?: number;
  /** Whether the same call may succeed later, although nothing is changed: the network, or a busy server, was the reason. */
  declare isRetryable?: boolean;
  /** How often the request that failed was sent; absent if the error has another reason. */
  declare attempts?: number;
  /**
   * Refusal in `acquireTokenForAgent`: which token was refused, the blueprint's for the agent, the agent's own, or the
   * user's for the agent.
   */
  declare agentLeg?: "blueprint" | "agent" | "user";
  /** What the call took before it failed, if it got as far as the network or a failure that was remembered. */
  declare metadata?: AcquisitionMetadata;

  /**
   * Creates an error. The library creates them; an app does so in its tests.
   *
   * @param errorCode a stable code
   * @param correlationId correlation id of the request (GUID), or `""`
   * @param errorMessage what went wrong and what to do
   * @param subError the server's `suberror`
   */
  constructor(errorCode: string, correlationId: string, errorMessage?: string, subError?: string) {
    // Parts of an error come from servers, brokers and documents, and terminals and logs display them.
    const code = printable(errorCode ?? "");
    const message = printable(errorMessage ?? "");
    super(message ? `${code}: ${message}` : code);
    this.name = "AuthError";
    this.errorCode = code;
    this.errorMessage = message;
    this.subError = printable(subError ?? "");
    this.correlationId = printable(correlationId ?? "");
  }
}

// On the prototype, so that it is not a property of each error.
AuthError.prototype.isRetryable = false;

/** An error of the operating system's broker. */
export interface PlatformBrokerError extends Error {
  readonly statusCode: number;
  readonly tag: string;
}

/** A request failed on the client's side: a network error, a response that is not valid, or a failed check. */
export class ClientAuthError extends AuthError {
  /** Creates an error. The library creates them; an app does so in its tests. */
  constructor(errorCode: string, correlationId: string, errorMessage?: string) {
    super(errorCode, correlationId, errorMessage);
    this.name = "ClientAuthError";
  }
}

/** The configuration or the request is not valid. Nothing was sent. */
export class ClientConfigurationError extends AuthError {
  /** Creates an error. The library creates them; an app does so in its tests. */
  constructor(errorCode: string, correlationId: string, errorMessage?: string) {
    super(errorCode, correlationId, errorMessage);
    this.name = "ClientConfigurationError";
  }
}

/** The identity provider returned an error that the user cannot resolve by signing in. */
export class ServerError extends AuthError {
  /** The first of Entra's `error_codes` (the number after `AADSTS`). Text only from a provider that sends text. */
  readonly errorNo?: number | string;
  /** HTTP status of the answer. */
  readonly status?: number;

  /** Creates an error. The library creates them; an app does so in its tests. */
  constructor(
    errorCode: string,
    correlationId: string,
    errorMessage?: string,
    subError?: string,
    errorNo?: number | string,
    status?: number,
  ) {
    super(errorCode, correlationId, errorMessage, subError);
    this.name = "ServerError";
    this.errorNo = errorNo;
    this.status = status;
  }
}

/** The user must sign in again, consent, or satisfy the claims challenge in `claims`. */
export class InteractionRequiredAuthError extends AuthError {
  /** The server's timestamp, or `""`. */
  timestamp: string;
  /** The server's trace id, or `""`. */
  traceId: string;
  /** The claims challenge to pass on as `claims` of the interactive request, or `""`. */
  claims: string;
  /** The first of Entra's `error_codes` (the number after `AADSTS`). Text only from a provider that sends text. */
  readonly errorNo?: number | string;

  /** Creates an error. The library creates them; an app does so in its tests. */
  constructor(
    errorCode: string,
    correlationId: string,
    errorMessage?: string,
    subError?: string,
    timestamp?: string,
    traceId?: string,
    claims?: string,
    errorNo?: number | string,
  ) {
    super(errorCode, correlationId, errorMessage, subError);
    this.name = "InteractionRequiredAuthError";
    this.timestamp = printable(timestamp ?? "");
    this.traceId = printable(traceId ?? "");
    this.claims = claims ?? "";
    this.errorNo = errorNo;
  }
}

/** Optional properties of an error. */
export interface ErrorContext {
  /** Correlation id of the request. */
  readonly correlationId?: string;
  /** The underlying error. */
  readonly cause?: unknown;
}

/** Creates a {@link ClientAuthError} with one of its own codes. */
export function clientAuthError(
  code: ClientAuthErrorCode,
  message: string,
  context: ErrorContext = {},
): ClientAuthError {
  return withCause(new ClientAuthError(code, context.correlationId ?? "", message), context);
}

/** Creates a {@link ClientConfigurationError} with one of its own codes. */
export function clientConfigurationError(
  code: ClientConfigurationErrorCode,
  message: string,
  context: ErrorContext = {},
): ClientConfigurationError {
  return withCause(new ClientConfigurationError(code, context.correlationId ?? "", message), context);
}

/** Creates an {@link InteractionRequiredAuthError} that the library itself raises. */
export function interactionRequiredError(
  code: InteractionRequiredAuthErrorCode,
  message: string,
  context: ErrorContext = {},
): InteractionRequiredAuthError {
  return withCause(new InteractionRequiredAuthError(code, context.correlationId ?? "", message), context);
}

/**
 * Copies an error of shared work for one of its callers: same class, code, message and stack, with the caller's own
 * correlation id. `cause` keeps the original error, and so the id that was sent to the server, unless the error has
 * another cause.
 *
 * @param hasJoined whether the error is another caller's, even if both have the same correlation id
 */
export function errorFor(error: unknown, correlationId: string, hasJoined = false): unknown {
  if (!isAuthError(error) || (error.correlationId === correlationId && !hasJoined)) return error;
  const own = copyFor(error, correlationId);
  if (error.metadata) own.metadata = { ...error.metadata };
  return own;
}

/** A copy of an error for another call, to which what the first call took does not apply. */
export function copyFor(error: AuthError, correlationId: string): AuthError {
  const isOther = error.correlationId !== "" && error.correlationId !== correlationId;
  const { cause = isOther ? error : undefined, stack } = error;
  const own = Object.setPrototypeOf(new Error(), Object.getPrototypeOf(error) as object) as AuthError;
  Object.defineProperties(own, {
    ...Object.getOwnPropertyDescriptors(error),
    stack: { value: stack, configurable: true, writable: true },
  });
  delete own.metadata;
  own.correlationId = correlationId;
  return withCause(own, { cause });
}

/**
 * Whether an error is one of the library's, thrown by any copy of the package. The ES and CommonJS builds have
 * separate classes, and an app's own parts (network client, plugin, token provider) may use the other build.
 *
 * @param name required class; any class when omitted
 */
export function isAuthError(error: unknown): error is AuthError;
export function isAuthError(error: unknown, name: "ServerError"): error is ServerError;
export function isAuthError(
  error: unknown,
  name: "InteractionRequiredAuthError",
): error is InteractionRequiredAuthError;
export function isAuthError(error: unknown, name?: string): boolean {
  if (!(error instanceof Error) || !("errorCode" in error) || !("correlationId" in error)) return false;
  return typeof error.errorCode === "string" && (name === undefined || error.name === name);
}

function withCause<E extends AuthError>(error: E, { cause }: ErrorContext): E {
  if (cause !== undefined) {
    Object.defineProperty(error, "cause", { value: cause, configurable: true, writable: true });
  }
  return error;
}
