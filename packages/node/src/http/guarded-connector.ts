import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { buildConnector } from "undici";

/** Limits of a connection. */
export interface ConnectionLimits {
  /** Milliseconds until the connection must be established; ten seconds by default. */
  readonly timeoutMs?: number;
  /** SHA-1 of the server's certificate in hexadecimal, which is then trusted in place of an authority. */
  readonly thumbprint?: string;
}

/** Wraps undici's connector: enforces limits before anything is sent. */
export function guarded(
  connect: buildConnector.connector,
  { timeoutMs, thumbprint }: ConnectionLimits,
): buildConnector.connector {
  return (options, callback) => {
    let isOver = false;
    // The timers of undici are accurate to a second only.
    const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
    connect(options, (error, socket) => {
      clearTimeout(timer);
      if (isOver) {
        socket?.destroy();
        return;
      }
      isOver = true;
      if (!socket) callback(error ?? new Error("no connection"), null);
      else if (thumbprint === undefined || hasCertificate(socket, thumbprint)) callback(null, socket);
      else {
        socket.destroy();
        callback(new Error("the certificate of the server does not have the expected thumbprint"), null);
      }
    });

    function giveUp(): void {
      isOver = true;
      const error = new Error(`no connection to ${options.hostname} within ${timeoutMs} ms`);
      callback(Object.assign(error, { code: "UND_ERR_CONNECT_TIMEOUT" }), null);
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
