import type { Subject, Wire, WireEvents, WireKind, WireSource, WireSources } from "./wire.js";

/** As much of a client of the package `redis` as is used here. */
export interface NodeRedisClient {
  readonly options?: { readonly socket?: object; readonly keyPrefix?: unknown };
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
export function nodeRedisSources(client: NodeRedisClient): WireSources {
  return alone({ id: "", open: async (...listen) => openWire(client, ...listen) });
}

/** The master that a sentinel names. */
export function nodeRedisSentinelSources(sentinel: NodeRedisSentinel): WireSources {
  return alone({
    id: "",
    open: async (...listen) => sentinel._execute(false, async (master) => openWire(master, ...listen)),
  });
}

/** The masters of a cluster. */
export function nodeRedisClusterSources(cluster: NodeRedisCluster): WireSources {
  return {
    isCluster: true,
    now: () =>
      cluster.masters.map((master) => ({
        id: master.address,
        open: async (...listen) => openWire(await cluster.nodeClient(master), ...listen),
      })),
  };
}

function alone(source: WireSource): WireSources {
  return { isCluster: false, now: () => [source] };
}

/** Opens a wire. Tracking takes RESP3, in which messages come beside answers. */
async function openWire(
  client: NodeRedisClient,
  kind: WireKind,
  { prefix, channel }: Subject,
  { changed, down }: WireEvents,
): Promise<Wire> {
  const { socket, keyPrefix } = client.options ?? {};
  const own = client.duplicate({
    ...(kind === "tracking" && { RESP: 3, emitInvalidate: true }),
    clientSideCache: undefined,
    // A new wire is opened instead, so that nothing between two connections goes unnoticed.
    socket: { ...socket, reconnectStrategy: false },
  });
  own.unref();
  for (const event of ["error", "end", "reconnecting"]) own.on(event, down);
  own.on("invalidate", (key) => changed(key === null ? undefined : [String(key)]));
  try {
    await own.connect();
    if (kind === "tracking") {
      // The client has asked for messages about what it has read itself. It reads nothing.
      await own.sendCommand(["CLIENT", "TRACKING", "OFF"]);
      const tracked = `${typeof keyPrefix === "string" ? keyPrefix : ""}${prefix}`;
      await own.sendCommand(["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", tracked]);
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
