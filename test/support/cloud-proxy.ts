import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** An HTTP proxy behind which one host of the cloud is on this machine. It leads nowhere else. */
export interface CloudProxy {
  readonly url: string;
  /** The other hosts that it was asked for. */
  readonly refused: readonly string[];
  close(): Promise<void>;
}

/** @param host with its port @param port where the host's connections go */
export async function startCloudProxy(host: string, port: number): Promise<CloudProxy> {
  const refused: string[] = [];
  const server = createServer((request, response) => {
    refused.push(request.url ?? "");
    response.writeHead(403).end();
  });
  // Sockets of tunnels are no longer the server's, which waits for them nevertheless.
  const tunnels = new Set<Duplex>();
  server.on("connect", ({ url = "" }, client, head) => {
    tunnels.add(client);
    client.on("close", () => tunnels.delete(client));
    client.on("error", () => undefined);
    if (url !== host) {
      refused.push(url);
      client.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    const upstream = connect(port, "localhost", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    close: async () => {
      server.close();
      server.closeAllConnections();
      for (const tunnel of tunnels) tunnel.destroy();
      await once(server, "close");
    },
  };
}
