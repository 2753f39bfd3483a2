import { once } from "node:events";
import { createServer } from "node:https";
import { lookup } from "node:dns/promises";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import { makeCertificate } from "./certificates.js";
import { documentAt } from "./world-network.js";

/** An OpenID Provider over HTTPS that goes by this machine's name in the network, as no loopback name does. */
export interface NetworkProvider {
  readonly url: string;
  readonly host: string;
  readonly caPem: string;
  /** The paths of the requests so far. */
  readonly requests: string[];
  close(): Promise<void>;
}

const name = hostname().toLowerCase();

/** Whether this machine's name leads to it, and is not one of those for loopback. */
export async function hasNetworkName(): Promise<boolean> {
  if (name === "localhost" || name.endsWith(".localhost") || !URL.canParse(`https://${name}/`)) return false;
  return lookup(name).then(
    () => true,
    () => false,
  );
}

export async function startNetworkProvider(): Promise<NetworkProvider> {
  const ca = makeCertificate({ subject: "Network CA" });
  const leaf = makeCertificate({ subject: name, issuer: ca, dnsNames: [name] });
  const requests: string[] = [];
  const server = createServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, (request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const token = { access_token: "the-token", token_type: "Bearer", expires_in: 3600 };
    request.resume().once("end", () => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(path.endsWith("/token") ? token : documentAt(url)));
    });
  });
  server.listen(0, (await lookup(name)).address);
  await once(server, "listening");
  const host = `${name}:${(server.address() as AddressInfo).port}`;
  const url = `https://${host}`;
  return {
    url,
    host,
    caPem: ca.certificatePem,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
