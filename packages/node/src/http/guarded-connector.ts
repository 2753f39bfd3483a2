import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Reach } from "./network-zone.js";
import { destroy, unsent, type Connect, type EndableConnect } from "./connect.js";
import { isUnreferenced, unreference } from "./unreferenced.js";

/** Limits of a connection. */
export interface ConnectionLimits {
  /** Milliseconds until the connection must be established; ten seconds by default. */
  readonly timeoutMs?: number;
  /** SHA-1 of the server's certificate in hexadecimal, which is then trusted in place of an authority. */
  readonly thumbprint?: string;
  /** Where connections may lead. */
  readonly reach?: Reach | undefined;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Wraps a connector: enforces limits before anything is sent, and ends what it has begun. A connection that is not made fails
 * with an error that undici does not answer with another attempt.
 */
export function guarded(
  connect: Connect,
  { timeoutMs = DEFAULT_TIMEOUT_MS, thumbprint }: ConnectionLimits,
): EndableConnect {
  return (options, callback) => {
    let isOver = false;
    // The timers of undici are accurate to a second only.
    const timer = setTimeout(giveUp, timeoutMs);
    const begun = connect(options, (error, socket) => {
      if (isOver) {
        socket?.destroy();
        return;
      }
      if (socket && (thumbprint === undefined || hasCertificate(socket, thumbprint))) succeed(socket);
      else if (!socket) fail(error);
      else {
        socket.destroy();
        fail(new Error("the certificate of the server does not have the expected thumbprint"));
      }
    });
    if (isUnreferenced()) {
      timer.unref();
      unreference(begun);
    }
    return { end: () => end(new Error("the connection is not needed any more")) };

    function succeed(socket: Socket): void {
      isOver = true;
      clearTimeout(timer);
      callback(null, socket);
    }

    function fail(error: Error): void {
      isOver = true;
      clearTimeout(timer);
      callback(unsent(error), null);
    }

    function giveUp(): void {
      const error = new Error(`no connection to ${options.hostname} within ${timeoutMs} ms`);
      end(Object.assign(error, { code: "UND_ERR_CONNECT_TIMEOUT" }));
    }

    function end(error: Error): void {
      if (isOver) return;
      fail(error);
      destroy(begun);
    }
  };
}

function hasCertificate(socket: Socket | TLSSocket, thumbprint: string): boolean {
  const fingerprint = "getPeerCertificate" in socket ? socket.getPeerCertificate().fingerprint : undefined;
  return fingerprint !== undefined && plain(fingerprint) === plain(thumbprint);
}

function plain(fingerprint: string): string {
  return fingerprint.replaceAll(/[^\da-f]/gi, "").toLowerCase();
}
