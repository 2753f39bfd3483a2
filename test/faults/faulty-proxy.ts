import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";

/** A proxy that fails in one way, and counts what it sees. */
export interface FaultyProxy {
  readonly url: string;
  /** Requests for a tunnel until now. */
  readonly asked: () => number;
  /** Connections that are open now. */
  readonly open: () => number;
  /** Settles when there is a connection, and then none. */
  left(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param respond what becomes of a connection on which a tunnel is asked for
 * @param onRequest is given the request for a tunnel
 */
export async function startFaultyProxy(
  respond: (socket: Socket) => void,
  onRequest: (text: string) => void = () => undefined,
): Promise<FaultyProxy> {
  const sockets = new Set<Socket>();
  let asked = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", (data: Buffer) => {
      asked += 1;
      onRequest(data.toString());
      respond(socket);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    open: () => sockets.size,
    async left() {
      while (sockets.size > 0) await Promise.all(Array.from(sockets, (socket) => once(socket, "close")));
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
