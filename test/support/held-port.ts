import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { gate } from "./gate.js";

/** A port in front of another one. It accepts connections at once, and passes nothing on before it is released. */
export interface HeldPort {
  readonly port: number;
  /** Settles when the first connection has been accepted. */
  readonly reached: Promise<void>;
  release(): void;
  close(): Promise<void>;
}

/** @param target the port at which connections go on; without one, they never do */
export async function startHeldPort(target?: number): Promise<HeldPort> {
  const [reached, released] = [gate(), gate()];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    // Unread, it would not hear of the end.
    const early: Buffer[] = [];
    const keep = (chunk: Buffer): void => void early.push(chunk);
    socket.on("data", keep);
    reached.open();
    void released.opened.then(() => {
      if (target === undefined) return;
      const onward = connect(target, "localhost").on("error", () => socket.destroy());
      sockets.add(onward);
      socket.off("data", keep);
      for (const chunk of early) onward.write(chunk);
      socket.pipe(onward).pipe(socket);
    });
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    reached: reached.opened,
    release: released.open,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
