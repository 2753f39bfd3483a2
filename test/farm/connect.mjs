// Connects to Redis as an application does.

/**
 * @param {{ library: "redis" | "ioredis", url?: string, urls?: readonly string[], sentinel?: { name: string, port: number } }} where
 */
export async function connect({ library, url, urls, sentinel }) {
  // A process starts faster with one library than with both.
  if (library === "ioredis") {
    const { Cluster, Redis } = await import("ioredis");
    const client = sentinel
      ? new Redis({ name: sentinel.name, sentinels: [{ host: "127.0.0.1", port: sentinel.port }] })
      : urls
        ? new Cluster([...urls])
        : new Redis(url ?? "");
    client.on("error", () => undefined);
    return { client, disconnect: async () => client.disconnect() };
  }
  const { createClient, createCluster, createSentinel } = await import("redis");
  const client = sentinel
    ? createSentinel({ name: sentinel.name, sentinelRootNodes: [{ host: "127.0.0.1", port: sentinel.port }] })
    : urls
      ? createCluster({ rootNodes: urls.map((one) => ({ url: one })), defaults: { RESP: 3 } })
      : createClient({ url, RESP: 3 });
  client.on("error", () => undefined);
  await client.connect();
  return { client, disconnect: async () => client.destroy() };
}
