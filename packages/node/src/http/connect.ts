import { isObject } from "@tessera/core/internal";
import type { buildConnector } from "undici";

/** A connector in the form of undici's. It returns what it has begun, such as a socket, although that is not declared. */
export type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => unknown;

/** A connector whose attempts can be ended. */
export type EndableConnect = (...parameters: Parameters<Connect>) => Attempt;

/** An attempt to connect. */
export interface Attempt {
  /** Ends it. Does nothing once there is a connection. */
  end(): void;
}

/** Ends what a connector has begun. */
export function destroy(begun: unknown): void {
  if (isDestroyable(begun)) begun.destroy();
}

function isDestroyable(begun: unknown): begun is { destroy(): unknown } {
  return typeof begun === "object" && begun !== null && typeof Reflect.get(begun, "destroy") === "function";
}

/** Codes on which undici tries to connect again at once, and without end while the outcome stays the same. */
const REPEATED_BY_UNDICI: ReadonlySet<unknown> = new Set(["UND_ERR_INFO", "UND_ERR_SOCKET"]);

/** Marks an error of a connection that was not made: the request has not been sent. */
export function unsent(error: Error): Error {
  const isRepeated = REPEATED_BY_UNDICI.has(Reflect.get(error, "code"));
  return Object.assign(isRepeated ? new Error(error.message, { cause: error }) : error, { isUnsent: true });
}

export function isUnsent(error: unknown): boolean {
  return isObject(error) && error["isUnsent"] === true;
}

/** Whether a connection on which nothing was ever received has ended. */
export function wasNewConnection(error: unknown): boolean {
  return endedSocket(error)?.bytesRead === 0;
}

/**
 * Marks an error of a connection that the server had kept open, and closed before a byte of the answer: it was idle for too
 * long, and the request has not been processed.
 *
 * @param received how much had been received on each connection when the request was sent, by local port
 */
export function closedBeforeAnswer(
  error: unknown,
  received: ReadonlyMap<number | undefined, number>,
): unknown {
  const { localPort, bytesRead = 0 } = endedSocket(error) ?? {};
  const isIdleOne = bytesRead > 0 && received.get(localPort) === bytesRead;
  return isIdleOne && isObject(error) ? Object.assign(error, { isUnsent: true, isClosed: true }) : error;
}

interface EndedSocket {
  readonly localPort?: number;
  readonly bytesRead?: number;
}

/** What undici says about the connection that the other side has closed. */
function endedSocket(error: unknown): EndedSocket | undefined {
  if (!isObject(error) || error["code"] !== "UND_ERR_SOCKET") return undefined;
  const { socket } = error;
  return isObject(socket) ? socket : undefined;
}
