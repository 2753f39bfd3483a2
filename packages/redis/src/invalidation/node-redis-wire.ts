import type { Subject, Wire, WireEvents, WireKind, WireSource } from "./wire.js";

/** As much of a client of the package `redis` as is used here. */
export interface NodeRedisClient {
  readonly options?: { readonly socket?: object };
  duplicate(overrides: object): NodeRedisClient;
  connect(): Promise<unknown>;
  on(event: string, listener: (argument: unknown) => void): unknown;
  sendCommand(command: readonly string[]): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  ping(): Promise<unknown>;
  unref(): void;
  destroy(): void;
}

/** As much of a cluster. */
export interface NodeRedisCluster {
  readonly masters: readonly { readonly address: string }[];
  nodeClient(node: object): NodeRedisClient | Promise<NodeRedisClient>;
}

/** As much of a sentinel: it lends the client of the present master. */
export interface NodeRedisSentinel {
  _execute<T>(isReadonly: boolean, work: (master: NodeRedisClient) => Promise<T>): Promise<T>;
}

/** The master that a client talks to. */
export function nodeRedisSource(client: NodeRedisClient): WireSource {
  return { id: "", open: async (...listen) => openWire(client, ...listen) };
}

/** The master that a sentinel names. */
export function nodeRedisSentinelSource(sentinel: NodeRedisSentinel): WireSource {
  return {
    id: "",
    open: async (...listen) => sentinel._execute(false, async (master) => openWire(master, ...listen)),
  };
}

/** The masters of a cluster, as it knows them at the moment. */
export function nodeRedisClusterSources(cluster: NodeRedisCluster): readonly WireSource[] {
  return cluster.masters.map((master) => ({
    id: master.address,
    open: async (...listen) => openWire(await cluster.nodeClient(master), ...listen),
  }));
}

/** Opens a wire. Tracking takes RESP3, in which messages come beside answers. */
async function openWire(
  client: NodeRedisClient,
  kind: WireKind,
  { prefix, channel }: Subject,
  { changed, down }: WireEvents,
): Promise<Wire> {
  const own = client.duplicate({
    ...(kind === "tracking" && { RESP: 3, emitInvalidate: true }),
    clientSideCache: undefined,
    // A new wire is opened instead, so that nothing between two connections goes unnoticed.
    socket: { ...client.options?.socket, reconnectStrategy: false },
  });
  own.unref();
  for (const event of ["error", "end", "reconnecting"]) own.on(event, down);
  own.on("invalidate", (key) => changed(Buffer.isBuffer(key) ? [key.toString()] : undefined));
  try {
    await own.connect();
    if (kind === "tracking") {
      // The client has asked for messages about what it has read itself. It reads nothing.
      await own.sendCommand(["CLIENT", "TRACKING", "OFF"]);
      await own.sendCommand(["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", prefix]);
    } else await own.subscribe(channel, (key) => changed([key]));
  } catch (error) {
    destroy(own);
    throw error;
  }
  return { ping: async () => own.ping(), close: () => destroy(own) };
}

function destroy(client: NodeRedisClient): void {
  try {
    client.destroy();
  } catch {
    // It is closed already.
  }
}
