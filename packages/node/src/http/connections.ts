import type { Socket } from "node:net";
import { channelBinding } from "./channel-binding.js";
import type { Attempt, EndableConnect } from "./connect.js";

/** The connections of a pool, by origin such as `https://login.microsoftonline.com`. */
export class Connections {
  readonly #attempts = new Map<string, Set<Attempt>>();
  readonly #open = new Map<string, Set<Socket>>();

  /** Wraps a connector, and keeps track of what it connects. */
  tracked(connect: EndableConnect): EndableConnect {
    return (options, callback) => {
      const origin = `${options.protocol}//${options.host ?? options.hostname}`;
      const attempt = connect(options, (error, socket) => {
        remove(this.#attempts, origin, attempt);
        if (!socket) {
          callback(error, null);
          return;
        }
        add(this.#open, origin, socket);
        socket.once("close", () => remove(this.#open, origin, socket));
        callback(null, socket);
      });
      add(this.#attempts, origin, attempt);
      return attempt;
    };
  }

  /** Ends the attempts to connect to an origin that no request waits for. */
  abandon(origin: string): void {
    for (const attempt of this.#attempts.get(origin) ?? []) attempt.end();
  }

  /** The number of open connections to an origin. */
  openTo(origin: string): number {
    return this.#open.get(origin)?.size ?? 0;
  }

  /** What a Kerberos ticket for an origin can be bound to, if a connection tells. */
  channelBinding(origin: string): Uint8Array | undefined {
    for (const socket of this.#open.get(origin) ?? []) {
      const found = channelBinding(socket);
      if (found) return found;
    }
    return undefined;
  }

  /** How much has been received on each open connection to an origin, by local port. */
  received(origin: string): ReadonlyMap<number | undefined, number> {
    return new Map(
      Array.from(this.#open.get(origin) ?? [], (socket) => [socket.localPort, socket.bytesRead]),
    );
  }
}

function add<T>(sets: Map<string, Set<T>>, origin: string, member: T): void {
  const known = sets.get(origin);
  if (known) known.add(member);
  else sets.set(origin, new Set([member]));
}

function remove<T>(sets: Map<string, Set<T>>, origin: string, member: T): void {
  const known = sets.get(origin);
  known?.delete(member);
  if (known?.size === 0) sets.delete(origin);
}
