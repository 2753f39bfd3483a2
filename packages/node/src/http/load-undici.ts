import { missingPackage } from "../missing-package.js";
import { builtInUndici } from "./built-in-undici.js";
import type { Undici } from "./undici.js";

/**
 * Loads undici or, if it cannot be loaded, takes what Node.js contains of it: an ES module by esbuild cannot require it.
 *
 * @throws ClientConfigurationError `missing_dependency`
 */
export async function loadUndici(): Promise<Undici> {
  // Bun has a module of its own under the bare name, which takes no connector and whose dispatchers send nothing.
  const loading = "bun" in process.versions ? import("undici/index.js") : import("undici");
  const loaded = await loading.catch(notLoaded);
  return loaded instanceof Error ? builtInUndici(loaded) : installed(loaded);
}

function installed({ Agent, buildConnector }: typeof import("undici")): Undici {
  return { agent: (options) => new Agent(options), connector: buildConnector };
}

function notLoaded(cause: unknown): Error {
  return missingPackage(
    "The package undici, which sends requests, cannot be loaded",
    "install it beside the program, or let the bundler include it, or pass system.networkClient",
    cause,
  );
}
