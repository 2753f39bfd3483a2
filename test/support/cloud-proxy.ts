import { once } from "node:events";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";

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
  server.on("connect", ({ url = "" }, client, head) => {
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
      await once(server, "close");
    },
  };
}
