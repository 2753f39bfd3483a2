import { clientConfigurationError } from "@tessera/core/internal";
import type Agent from "undici/types/agent";
import type Dispatcher from "undici/types/dispatcher";
import type ProxyAgent from "undici/types/proxy-agent";

/** The parts of undici in use. */
export interface Undici {
  readonly Agent: typeof Agent;
  readonly ProxyAgent: typeof ProxyAgent;
  /** Sends a request through a dispatcher, which may belong to another release of undici or to Node.js. */
  request(
    dispatcher: Dispatching,
    options: Dispatcher.RequestOptions,
  ): Promise<Dispatcher.ResponseData<unknown>>;
}

/** A dispatcher of any release of undici, such as an `Agent`, a `Pool` or a `MockAgent`. */
export interface Dispatching {
  dispatch(options: object, handler: object): boolean;
}

/**
 * Loads the parts of undici in use, which takes a third of the time of its index.
 *
 * @throws ClientConfigurationError `missing_dependency` if it cannot be loaded, for example because a bundle lacks it
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
  // As undici's index does: dispatchers call these methods of each other.
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
