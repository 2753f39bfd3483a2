import type { HttpClient } from "@tessera/core";
import type { NodeSystemOptions } from "../configuration.js";
import { requireFunctions } from "../check-values.js";
import type { ConnectionLimits } from "../http/guarded-connector.js";
import { isMock } from "../http/intercepted.js";
import { fromNetworkModule } from "../http/network-client.js";
import { createUndiciHttpClient } from "../http/undici-http-client.js";

/** Far above the size of any token. */
const MAX_BYTES = 256 * 1024;

/** The built-in clients, by their limits, so that all applications use the same connections. */
const clients = new Map<string, HttpClient>();

/**
 * Returns a function that returns the client to send with. The built-in clients contact an endpoint directly: proxies
 * would contact their own machine, and see the secret.
 */
export function httpClients({
  networkClient,
  dispatcher,
}: NodeSystemOptions): (limits: ConnectionLimits) => HttpClient {
  if (networkClient) {
    const network = ["sendGetRequestAsync", "sendPostRequestAsync"];
    requireFunctions(networkClient, "system.networkClient", "INetworkModule", network);
    const own = limited(fromNetworkModule(networkClient));
    return () => own;
  }
  requireFunctions(dispatcher, "system.dispatcher", "undici's Dispatcher", ["dispatch"]);
  if (dispatcher && isMock(dispatcher)) {
    const mocked = limited(createUndiciHttpClient({ dispatcher, proxy: false }));
    return () => mocked;
  }
  return (limits) => {
    const key = `${limits.timeoutMs ?? ""} ${limits.thumbprint ?? ""}`;
    const known = clients.get(key);
    if (known) return known;
    const created = limited(createUndiciHttpClient({ proxy: false, limits }));
    clients.set(key, created);
    return created;
  };
}

/** Refuses responses that are larger than any with a token. */
function limited(http: HttpClient): HttpClient {
  return {
    async send(request) {
      const response = await http.send({ ...request, maxResponseBytes: MAX_BYTES });
      if (response.body.length <= MAX_BYTES) return response;
      throw new Error(`the response is longer than ${MAX_BYTES} bytes`);
    },
  };
}
