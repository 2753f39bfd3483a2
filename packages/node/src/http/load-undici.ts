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

function installed({ Agent, buildConnector, Dispatcher, ProxyAgent }: typeof import("undici")): Undici {
  return {
    agent: (options) => new Agent(options),
    connector: buildConnector,
    proxyAgent: (options) => new ProxyAgent(options),
    ...("bun" in process.versions && {
      request: (target, options, signal) => Dispatcher.prototype.request.call(target, { ...options, signal }),
    }),
  };
}

function notLoaded(cause: unknown): Error {
  return missingPackage(
    "The package undici, which sends requests, cannot be loaded",
    "install it beside the program, or let the bundler include it, or pass system.networkClient",
    cause,
  );
}
