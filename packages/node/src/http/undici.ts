import type { Agent, buildConnector, Dispatcher, ProxyAgent } from "undici";
import type { Connect } from "./connect.js";

/** The parts of undici in use. */
export interface Undici {
  agent(options: Agent.Options): Dispatcher;
  connector(options: buildConnector.BuildOptions): Connect;
  /** For Bun only. */
  proxyAgent(options: ProxyAgent.Options): Dispatcher;
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
