/** How a process can learn of changes by others: what the server allows decides. */
export type WireKind = "tracking" | "messages";

/** The events of a wire. */
export interface WireEvents {
  /** Values under these keys have changed; `undefined`: everything may have. */
  readonly changed: (keys: readonly string[] | undefined) => void;
  /** The connection is lost. It does not come back: another wire is opened. */
  readonly down: () => void;
}

/** A connection of the store's own to one server, on which it hears of changes. It does not keep the process alive. */
export interface Wire {
  /** Whether the server still answers on it. */
  readonly ping: () => Promise<unknown>;
  readonly close: () => void;
}

/** What is listened to: keys with a prefix, as the server knows it, or messages on a channel. */
export interface Subject {
  readonly prefix: string;
  readonly channel: string;
}

/** A server that writes are sent to. */
export interface WireSource {
  /** The same for as long as it is the same server. */
  readonly id: string;
  /** Fails with the server's words if it does not allow this kind. */
  open(kind: WireKind, subject: Subject, events: WireEvents): Promise<Wire>;
}

/** The servers as the application's client knows them at the moment: one, or the masters of a cluster. */
export interface WireSources {
  readonly isCluster: boolean;
  /** The prefix that the client adds to all keys. */
  readonly keyPrefix: string;
  now(): readonly WireSource[];
}

/** The channel on which a server tells a RESP2 connection what its tracking has found. */
export const INVALIDATE_CHANNEL = "__redis__:invalidate";
