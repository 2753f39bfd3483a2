import { once } from "node:events";
import { request as forward } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { makeCertificate } from "./certificates.js";

/** The name of the header that tells the certificate of the connection, as PEM in percent encoding. */
export const CERTIFICATE_HEADER = "x-client-certificate";

/** What stands in front of a provider for TLS with client certificates (RFC 8705). */
export interface TlsFront {
  readonly url: string;
  /** PEM of the certificate authority to trust. */
  readonly ca: string;
  close(): Promise<void>;
}

/**
 * Starts a TLS server that asks for a client certificate, and passes requests on as many do in production: with the
 * certificate in a header that no client can set.
 *
 * @param target origin of the provider
 */
export async function startTlsFront(target: () => string): Promise<TlsFront> {
  const authority = makeCertificate({ subject: "Front CA", keyType: "ec" });
  const own = makeCertificate({
    subject: "localhost",
    issuer: authority,
    keyType: "ec",
    dnsNames: ["localhost"],
  });
  const tls = {
    key: own.privateKeyPem,
    cert: own.certificatePem,
    requestCert: true,
    rejectUnauthorized: false,
  };
  const server = createServer(tls, (request, response) => {
    const { raw } = (request.socket as TLSSocket).getPeerCertificate();
    const { [CERTIFICATE_HEADER]: _, ...headers } = request.headers;
    const certificate = raw && encodeURIComponent(pem(raw));
    const passed = forward(
      new URL(request.url ?? "/", target()),
      {
        method: request.method,
        headers: { ...headers, ...(certificate ? { [CERTIFICATE_HEADER]: certificate } : {}) },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    ca: authority.certificatePem,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
