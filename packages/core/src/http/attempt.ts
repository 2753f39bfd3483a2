import { clientAuthError, isAuthError, type AuthError } from "../errors/errors.js";
import { abortAfter } from "../flight/deadline.js";
import { untilAborted } from "../flight/until-aborted.js";
import type { Logger } from "../logger.js";
import type { Observer } from "../observer.js";
import type { Budget } from "./budget.js";
import { hideSecretsOf, type SentSecrets } from "./hide-secrets.js";
import type { Host, Outcome, Turn } from "./host.js";
import type { Hosts } from "./hosts.js";
import type { HttpClient, HttpRequest, HttpResponse } from "./http-client.js";
import { networkError } from "./network-error.js";
import { failureOf, hasOnlyWaited, isOutage, type Failure } from "./retry-policy.js";
import type { Tally } from "./tally.js";
import { withoutEcho } from "./without-echo.js";

/** The context of all requests of one call. */
export interface Call {
  readonly correlationId: string;
  readonly signal?: AbortSignal | undefined;
  /** The time that all its requests may take together; by default, each has its own. */
  readonly budget?: Budget | undefined;
  /** Adds up what the call costs. */
  readonly tally?: Tally | undefined;
}

/** The parts of a request that do not depend on the call. */
export interface Content extends Pick<HttpRequest, "method" | "url" | "headers">, SentSecrets {
  readonly tls?: HttpRequest["tls"] | undefined;
  readonly onSend?: HttpRequest["onSend"] | undefined;
}

/** One attempt of a request. */
interface Attempt {
  readonly content: Content;
  /** Method and URL, as log lines and errors show them. */
  readonly line: string;
  readonly timeoutMs: number;
  readonly isRepeatable: boolean;
  /** Whether the call has so little time left that a timeout says nothing about the host. */
  readonly isShort: boolean;
}

/** What an attempt needs from its application. */
interface Sender {
  readonly http: HttpClient;
  readonly hosts: Hosts;
  readonly host: Host;
  readonly turn: Turn;
  readonly logger: () => Logger;
  readonly observer: (() => Observer | undefined) | undefined;
}

/** The outcome of an attempt. */
export type Attempted =
  | { readonly response: HttpResponse; readonly error?: undefined }
  | { readonly error: AuthError; readonly failure: Failure; readonly response?: undefined };

/** Maximum size of a response, in bytes; far above that of any token response or discovery document. */
export const MAX_RESPONSE_BYTES = 2 * 1024 * 1024;

/**
 * Sends a request once.
 *
 * @throws the reason of the call's signal; what `onSend` throws
 */
export async function attempt(
  { http, hosts, host, turn, logger, observer }: Sender,
  { content, line, timeoutMs, isRepeatable, isShort }: Attempt,
  { signal, correlationId, tally }: Call,
): Promise<Attempted> {
  const deadline = abortAfter(timeoutMs, signal);
  const { method, url, headers, body, tls, onSend } = content;
  const startedAt = tally?.begun() ?? 0;
  const sentAt = hosts.now();
  let response: HttpResponse | undefined;
  let outcome: Outcome = "left";
  let why: string | undefined;
  let keptBack: { readonly reason: unknown } | undefined;
  try {
    logger().verbose(line, correlationId);
    const request: { -readonly [Member in keyof HttpRequest]: HttpRequest[Member] } = {
      method,
      url,
      headers,
      signal: deadline.signal,
      correlationId,
      timeoutMs,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      isRepeatable,
    };
    if (body !== undefined) request.body = body;
    if (tls) request.tls = tls;
    if (onSend)
      request.onSend = () => {
        try {
          onSend();
        } catch (reason) {
          keptBack = { reason };
          throw reason;
        }
      };
    const watching = observer?.();
    const send = (): Promise<HttpResponse> => http.send(request);
    response = withoutEcho(await (watching ? watching.request(request, send) : send()), content);
    logger().verbose(`${line}: HTTP ${response.status}`, correlationId);
    hosts.learnTime(host, response, { sentAt, correlationId });
    hosts.note(host, response.status, correlationId);
    const isDown = isOutage(response.status);
    outcome = isDown ? "failed" : "answered";
    if (isDown) why = `HTTP ${response.status}`;
    return { response };
  } catch (reason) {
    if (keptBack) throw keptBack.reason;
    const failure = isDeliberate(reason) ? "permanent" : failureOf(reason);
    const error = networkError(line, reason, { hide: hideSecretsOf(content), correlationId });
    why = error.errorMessage;
    const hasLeft = signal?.aborted || isDeliberate(reason) || hasOnlyWaited(reason);
    if (!hasLeft && !(isShort && deadline.passed())) {
      outcome = "failed";
      hosts.note(host, reason, correlationId);
    }
    signal?.throwIfAborted();
    return { error, failure };
  } finally {
    // Whatever has happened: others may be waiting for this turn to end.
    host.leave(turn, outcome, why);
    tally?.ended(startedAt, response);
    deadline.done();
  }
}

/** Whether the app's network client has thrown an error on purpose. */
function isDeliberate(reason: unknown): boolean {
  return isAuthError(reason) && reason.errorCode !== "network_error";
}

/**
 * Waits until a request may be sent to a host.
 *
 * @throws ClientAuthError `network_error` while the host is left alone, or when there is no time left
 */
export function turnAt(host: Host, call: Call, time: Budget): Turn | Promise<Turn> {
  const turn = host.enter();
  return turn === "usual" ? turn : awaitedTurn(turn, host, call, time);
}

async function awaitedTurn(
  first: ReturnType<Host["enter"]>,
  host: Host,
  call: Call,
  time: Budget,
): Promise<Turn> {
  for (let turn = first; ; turn = host.enter()) {
    if (turn === "usual" || turn === "trial") return turn;
    if (turn === "refused") throw refusal(host, call);
    const deadline = abortAfter(time.left(), call.signal);
    try {
      await untilAborted(turn, deadline.signal);
    } catch (cause) {
      call.signal?.throwIfAborted();
      throw ranOut(host, { correlationId: call.correlationId, cause });
    } finally {
      deadline.done();
    }
  }
}

/** The error of a call that has sent nothing: another request was trying the host until the call's time was over. */
function ranOut(
  { name }: Host,
  context: Pick<Call, "correlationId"> & { readonly cause: unknown },
): AuthError {
  const text = `The call ran out of time waiting for another request to show whether ${name} works again.`;
  const error = clientAuthError("network_error", text, context);
  error.isRetryable = true;
  return error;
}

function refusal({ name, failures, lastFailure, restMs }: Host, call: Call): AuthError {
  const seconds = Math.max(1, Math.ceil(restMs / 1000));
  const error = clientAuthError(
    "network_error",
    `No request is sent to ${name} for ${seconds} more seconds, because the last ${failures} failed: ${lastFailure ?? "no answer"}`,
    call,
  );
  error.isRetryable = true;
  error.retryAfterSeconds = seconds;
  error.attempts = 0;
  return error;
}
