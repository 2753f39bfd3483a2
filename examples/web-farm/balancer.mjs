// @ts-check
import { once } from "node:events";
import { createServer, request } from "node:http";

/**
 * Hands each request to the next process, as the balancer of a data center does. A user's requests reach all of them.
 *
 * @param {number} port 0: any free one
 */
export async function startBalancer(port) {
  /** @type {number[]} */
  const targets = [];
  let next = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const target = targets[next++ % targets.length];
    const onward = request({ host: "127.0.0.1", port: target, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  });
  server.listen(port, "localhost");
  await once(server, "listening");
  const address = server.address();
  return {
    origin: `http://localhost:${typeof address === "object" ? address?.port : ""}`,
    /** The ports of the processes. */
    targets,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
