import type { LookupFunction } from "node:net";
import type { buildConnector } from "undici";
import type { Connect } from "./connect.js";
import { agentOfFetch } from "./intercepted.js";
import type { Undici } from "./undici.js";

/**
 * Returns what Node.js's own copy of undici can do. Only the agent of `fetch` is reachable.
 *
 * @param missing the reason why undici itself cannot be loaded
 * @throws `missing` if there is no such agent
 */
export function builtInUndici(missing: Error): Undici {
  const OwnAgent = agentOfFetch();
  if (!OwnAgent) throw missing;
  return {
    agent: (options) => new OwnAgent(options),
    connector: plainConnector,
  };
}

/** Other options are those of TLS. */
function lookupIn(options: object): { readonly lookup?: LookupFunction } {
  const lookup: unknown = Reflect.get(options, "lookup");
  return typeof lookup === "function" ? { lookup: lookup as LookupFunction } : {};
}

function plainConnector(options: buildConnector.BuildOptions): Connect {
  return ({ hostname: host, port, protocol, servername, httpSocket }, callback) => {
    const isSecure = protocol === "https:";
    const socket = isSecure
      ? process.getBuiltinModule("node:tls").connect({
          ...options,
          host,
          port: Number(port || 443),
          ...(httpSocket ? { socket: httpSocket } : {}),
          servername: servername ?? host,
        })
      : process.getBuiltinModule("node:net").connect({
          ...lookupIn(options),
          host,
          port: Number(port || 80),
        });
    socket.setNoDelay(true);
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      socket.off("error", fail);
      callback(null, socket);
    });
    socket.once("error", fail);

    return socket;

    function fail(error: Error): void {
      callback(error, null);
    }
  };
}
