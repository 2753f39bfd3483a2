import { clientConfigurationError } from "@tessera/core/internal";
import type Agent from "undici/types/agent";
import type Dispatcher from "undici/types/dispatcher";
import type ProxyAgent from "undici/types/proxy-agent";

/** What is used of undici. */
export interface Undici {
  readonly Agent: typeof Agent;
  readonly ProxyAgent: typeof ProxyAgent;
  /** Sends a request through a dispatcher, which may be of another release of undici, or Node.js's own. */
  request(
    dispatcher: Dispatching,
    options: Dispatcher.RequestOptions,
  ): Promise<Dispatcher.ResponseData<unknown>>;
}

/** What every release of undici calls a dispatcher: an agent, a pool, a `MockAgent`, one with interceptors. */
export interface Dispatching {
  dispatch(options: object, handler: object): boolean;
}

/**
 * Loads undici, part by part: that takes a third of the time of its index.
 *
 * @throws ClientConfigurationError `missing_dependency` when it is not there, as beside a bundle that left it out
 */
export async function loadUndici(): Promise<Undici> {
  const [agent, proxyAgent, dispatcher, api, wrapHandler] = await Promise.all([
    import("undici/lib/dispatcher/agent.js"),
    import("undici/lib/dispatcher/proxy-agent.js"),
    import("undici/lib/dispatcher/dispatcher.js"),
    import("undici/lib/api/index.js"),
    import("undici/lib/handler/wrap-handler.js"),
  ]).catch((cause: unknown) => {
    throw notLoaded(cause);
  });
  // As its index does: the parts of a dispatcher call these of each other.
  Object.assign(dispatcher.default.prototype, api.default);
  const { request } = api.default;
  return {
    Agent: agent.default,
    ProxyAgent: proxyAgent.default,
    request(target, options) {
      const dispatch: Dispatcher["dispatch"] = (sent, handler) =>
        target.dispatch(sent, wrapHandler.default.wrap(handler));
      return request.call({ dispatch }, options);
    },
  };
}

function notLoaded(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const remedy = reason.startsWith("Dynamic require")
    ? `give esbuild --format=cjs, or --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"`
    : "install it beside the program, or let the bundler include it, or pass system.networkClient";
  return clientConfigurationError(
    "missing_dependency",
    `The package undici, which sends the requests, cannot be loaded (${reason}): ${remedy}.`,
    { cause },
  );
}
