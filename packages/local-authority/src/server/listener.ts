import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { ServerCertificate } from "../crypto/certificates.js";

/** A server on `127.0.0.1` and, if the machine has IPv6, on `::1`, at the same port. */
export interface Listener {
  readonly port: number;
  /** Passes requests to the handler from now on. */
  serve(handler: RequestListener): void;
  /** Stops the server and destroys every connection. */
  close(): Promise<void>;
}

/**
 * Starts listening on the loopback addresses.
 *
 * @param port TCP port; 0 for a free one
 * @param certificate absent for plain HTTP
 * @param requestCertificate `true` to ask clients for a certificate, without requiring one
 */
export async function listen(
  port: number,
  certificate: ServerCertificate | undefined,
  requestCertificate = false,
): Promise<Listener> {
  for (let attempt = 1; ; attempt += 1) {
    const v4 = createServer(certificate, requestCertificate);
    await bind(v4, port, "127.0.0.1");
    const chosen = (v4.address() as AddressInfo).port;
    const v6 = createServer(certificate, requestCertificate);
    try {
      await bind(v6, chosen, "::1");
      return listener(chosen, [v4, v6]);
    } catch (error) {
      const code = systemCode(error);
      if (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT") {
        return listener(chosen, [v4]);
      }
      await closeAll([v4]);
      // A port that is free on 127.0.0.1 may be in use on ::1: try another one.
      if (code !== "EADDRINUSE" || port !== 0 || attempt === 10) throw error;
    }
  }
}

function listener(port: number, servers: readonly Server[]): Listener {
  return {
    port,
    serve: (handler) => {
      for (const server of servers) server.on("request", handler);
    },
    close: () => closeAll(servers),
  };
}

function createServer(certificate: ServerCertificate | undefined, requestCert: boolean): Server {
  const server =
    certificate === undefined
      ? createHttpServer()
      : createHttpsServer({
          cert: certificate.certPem,
          key: certificate.keyPem,
          requestCert,
          // Each app registration decides which certificates it accepts.
          rejectUnauthorized: false,
        });
  // Longer than clients keep connections open, so that no request is sent on a connection that is closing.
  server.keepAliveTimeout = 65_000;
  return server;
}

async function bind(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  await once(server, "listening");
}

/**
 * Returns the `code` of a system error. Duck-typed, since Jest gives modules an `Error` class that differs from
 * Node's.
 */
export function systemCode(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    }),
  );
}
