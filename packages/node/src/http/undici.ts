import type { Agent, buildConnector, Dispatcher, ProxyAgent } from "undici";
import type { Connect } from "./connect.js";

/** The parts of undici in use. */
export interface Undici {
  agent(options: Agent.Options): Dispatcher;
  connector(options: buildConnector.BuildOptions): Connect;
  /** For Bun only. */
  proxyAgent(options: ProxyAgent.Options): Dispatcher;
  /** For Bun only, whose dispatchers take no handler. */
  request?(
    dispatcher: Dispatching,
    options: Dispatcher.RequestOptions,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData<unknown>>;
}

/** A dispatcher of any release of undici, such as an `Agent`, a `Pool` or a `MockAgent`. */
export interface Dispatching {
  dispatch(options: object, handler: object): boolean;
}
