import type { Dispatcher } from "undici";
import { missingPackage } from "../missing-package.js";
import { builtInUndici } from "./built-in-undici.js";
import type { Undici } from "./undici.js";

/**
 * Loads undici or, if it cannot be loaded, takes what Node.js contains of it: an ES module by esbuild cannot require it.
 *
 * @throws ClientConfigurationError `missing_dependency`
 */
export async function loadUndici(): Promise<Undici> {
  const loaded = await import("undici").catch(notLoaded);
  return loaded instanceof Error ? builtInUndici(loaded) : installed(loaded);
}

function installed({
  Agent,
  buildConnector,
  DecoratorHandler,
  Dispatcher,
  ProxyAgent,
}: typeof import("undici")): Undici {
  return {
    agent: (options) => new Agent(options),
    connector: buildConnector,
    proxyAgent: (options) => new ProxyAgent(options),
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
  return missingPackage(
    "The package undici, which sends requests, cannot be loaded",
    "install it beside the program, or let the bundler include it, or pass system.networkClient",
    cause,
  );
}
