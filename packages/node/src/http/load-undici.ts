import { clientConfigurationError } from "@tessera/core/internal";
import type { Agent, buildConnector, Dispatcher, ProxyAgent } from "undici";

/** The parts of undici in use. */
export interface Undici {
  readonly Agent: typeof Agent;
  readonly ProxyAgent: typeof ProxyAgent;
  readonly buildConnector: typeof buildConnector;
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
 * Loads undici.
 *
 * @throws ClientConfigurationError `missing_dependency` if it cannot be loaded, for example because a bundle lacks it
 */
export async function loadUndici(): Promise<Undici> {
  const { Agent, buildConnector, DecoratorHandler, Dispatcher, ProxyAgent } = await import("undici").catch(
    (cause: unknown) => {
      throw notLoaded(cause);
    },
  );
  return {
    Agent,
    ProxyAgent,
    buildConnector,
    request(target, options) {
      if (target instanceof Dispatcher) return target.request(options);
      // Other releases may expect handlers of another form; a decorator has both.
      const dispatch: Dispatcher["dispatch"] = (sent, handler) =>
        target.dispatch(sent, new DecoratorHandler(handler));
      return Dispatcher.prototype.request.call({ dispatch }, options);
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
