import {
  INVALIDATE_CHANNEL,
  type Subject,
  type Wire,
  type WireEvents,
  type WireKind,
  type WireSource,
} from "./wire.js";

/** As much of a client of the package `ioredis` as is used here. */
export interface IoRedisClient {
  readonly options: { readonly host?: string; readonly port?: number };
  /** The connection, while there is one. */
  readonly stream?: { unref?(): unknown };
  duplicate(overrides: object): IoRedisClient;
  connect(): Promise<void>;
  disconnect(): void;
  on(event: string, listener: (...given: readonly unknown[]) => void): unknown;
  call(command: string, ...parameters: readonly string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  ping(): Promise<unknown>;
}

/** As much of a cluster. */
export interface IoRedisCluster {
  nodes(role: "master"): readonly IoRedisClient[];
}

/** The master that a client talks to, also one that a sentinel names. */
export function ioRedisSource(client: IoRedisClient): WireSource {
  return { id: "", open: async (...listen) => openWire(client, ...listen) };
}

/** The masters of a cluster, as it knows them at the moment. */
export function ioRedisClusterSources(cluster: IoRedisCluster): readonly WireSource[] {
  return cluster.nodes("master").map((master) => ({
    id: `${master.options.host}:${master.options.port}`,
    open: async (...listen) => openWire(master, ...listen),
  }));
}

/**
 * Opens a wire in RESP2, which knows no messages beside answers: the server is told to redirect what its tracking finds to
 * a channel, and to this very connection, so that tracking and channel live and end together.
 */
async function openWire(
  client: IoRedisClient,
  kind: WireKind,
  { prefix, channel }: Subject,
  { changed, down }: WireEvents,
): Promise<Wire> {
  const own = client.duplicate({
    lazyConnect: true,
    protocol: 2,
    keyPrefix: "",
    enableOfflineQueue: true,
    autoResubscribe: false,
    // A new wire is opened instead, so that nothing between two connections goes unnoticed.
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
  });
  own.on("error", () => undefined);
  own.on("connect", () => void own.stream?.unref?.());
  for (const event of ["close", "end"]) own.on(event, down);
  own.on("messageBuffer", (_channel, message) => changed(keysIn(message as Message)));
  try {
    await own.connect();
    if (kind === "tracking") {
      const id = String(await own.call("CLIENT", "ID"));
      await own.call("CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX", prefix);
    }
    await own.subscribe(kind === "tracking" ? INVALIDATE_CHANNEL : channel);
  } catch (error) {
    own.disconnect();
    throw error;
  }
  return { ping: async () => own.ping(), close: () => own.disconnect() };
}

/** Tracking names several keys in one message, and none if the database was flushed; a message of ours names one. */
type Message = readonly Buffer[] | Buffer | null;

function keysIn(message: Message): readonly string[] | undefined {
  if (Buffer.isBuffer(message)) return [message.toString()];
  return message?.map((key) => key.toString());
}
