import type { Socket } from "node:net";

/** Published by undici within `dispatch`, and when the request is written to a connection. */
const CREATED = "undici:request:create";
const SENT = "undici:client:sendHeaders";

interface Published {
  readonly request?: unknown;
  readonly socket?: Pick<Socket, "unref">;
}

/** A socket, or what a connector of our own begins. */
interface Unreferenceable {
  unref(): unknown;
  on(event: string, listener: () => void): unknown;
}

let isSending = false;

/** Whether a connection that is begun now is for a request that does not keep the process alive: undici begins it at once. */
export function isUnreferenced(): boolean {
  return isSending;
}

/** Lets the process end while a connection is being made. */
export function unreference(begun: unknown): void {
  if (typeof begun !== "object" || begun === null) return;
  const { unref, on } = begun as Partial<Unreferenceable>;
  if (typeof unref !== "function") return;
  unref.call(begun);
  // Each address of a host is tried with a handle of its own.
  if (typeof on === "function") on.call(begun, "connectionAttempt", () => unref.call(begun));
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
    const sent = synchronously(send);
    unsubscribe(CREATED, onCreated);
    return await sent;
  } finally {
    unsubscribe(CREATED, onCreated);
    unsubscribe(SENT, onSent);
  }
}

function synchronously<T>(send: () => Promise<T>): Promise<T> {
  isSending = true;
  try {
    return send();
  } finally {
    isSending = false;
  }
}
