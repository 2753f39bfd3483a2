import type { Socket } from "node:net";

/** Published by undici within `dispatch`, and when the request is written to a connection. */
const CREATED = "undici:request:create";
const SENT = "undici:client:sendHeaders";

interface Published {
  readonly request?: unknown;
  readonly socket?: Pick<Socket, "unref">;
}

/**
 * Sends a request that does not keep the process alive. undici holds the process while a connection has a request; other
 * requests on the same connection hold it again, and have timers that do.
 */
export async function unreferenced<T>(send: () => Promise<T>): Promise<T> {
  const { subscribe, unsubscribe } = process.getBuiltinModule("node:diagnostics_channel");
  const own = new Set<unknown>();
  const onCreated = (message: unknown): void => void own.add((message as Published).request);
  const onSent = (message: unknown): void => {
    const { request, socket } = message as Published;
    if (own.has(request)) socket?.unref();
  };
  subscribe(CREATED, onCreated);
  subscribe(SENT, onSent);
  try {
    const sent = send();
    unsubscribe(CREATED, onCreated);
    return await sent;
  } finally {
    unsubscribe(CREATED, onCreated);
    unsubscribe(SENT, onSent);
  }
}
