import { processWide } from "@tessera/core/internal";
import type { NetworkOptions } from "./dispatchers.js";
import { createUndiciHttpClient, type ClosableHttpClient } from "./undici-http-client.js";

/** A client, and how many applications use it. */
interface Shared {
  readonly client: ClosableHttpClient;
  users: number;
}

/**
 * Returns the HTTP client for network settings. Applications with equal settings share one, and so its connections, also if a
 * process has both builds of the package. An app's own dispatcher has connections of its own.
 *
 * @returns a client whose `close` closes the connections when the last of its applications is closed
 */
export function sharedHttpClient(options: NetworkOptions): ClosableHttpClient {
  const { dispatcher, proxy = null, ca = [], limits = null, maxConnections } = options;
  if (dispatcher) return createUndiciHttpClient(options);
  const clients = processWide("http-clients/v1", () => new Map<string, Shared>());
  const key = JSON.stringify([proxy, ca, limits, maxConnections]);
  let isClosed = false;
  let shared = join();
  return {
    send(request) {
      if (isClosed) {
        isClosed = false;
        shared = join();
      }
      return shared.client.send(request);
    },
    channelBinding: (origin) => shared.client.channelBinding?.(origin),
    async close() {
      if (isClosed) return;
      isClosed = true;
      shared.users -= 1;
      if (shared.users > 0) return;
      if (clients.get(key) === shared) clients.delete(key);
      await shared.client.close();
    },
  };

  function join(): Shared {
    const known = clients.get(key) ?? { client: createUndiciHttpClient(options), users: 0 };
    known.users += 1;
    clients.set(key, known);
    return known;
  }
}
