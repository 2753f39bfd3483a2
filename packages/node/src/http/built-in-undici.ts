import type { buildConnector } from "undici";
import { agentOfFetch } from "./intercepted.js";
import type { Undici } from "./undici.js";

/**
 * Returns what Node.js's own copy of undici can do. Only the agent of `fetch` is reachable, which does not know proxies.
 *
 * @param missing the reason why undici itself cannot be loaded
 * @throws `missing` if there is no such agent, or for a proxy
 */
export function builtInUndici(missing: Error): Undici {
  const OwnAgent = agentOfFetch();
  if (!OwnAgent) throw missing;
  return {
    agent: (options) => new OwnAgent(options),
    connector: plainConnector,
    proxyAgent() {
      throw missing;
    },
    request: (target, options) => OwnAgent.prototype.request.call(target, options),
  };
}

function plainConnector(options: buildConnector.BuildOptions): buildConnector.connector {
  return ({ hostname: host, port, protocol, servername }, callback) => {
    const isSecure = protocol === "https:";
    const socket = isSecure
      ? process.getBuiltinModule("node:tls").connect({
          ...options,
          host,
          port: Number(port || 443),
          servername: servername ?? host,
        })
      : process.getBuiltinModule("node:net").connect({ host, port: Number(port || 80) });
    socket.setNoDelay(true);
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      socket.off("error", fail);
      callback(null, socket);
    });
    socket.once("error", fail);

    function fail(error: Error): void {
      callback(error, null);
    }
  };
}
