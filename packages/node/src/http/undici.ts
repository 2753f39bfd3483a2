import type { Agent, buildConnector, Dispatcher, ProxyAgent } from "undici";

/** The parts of undici in use. */
export interface Undici {
  agent(options: Agent.Options): Dispatcher;
  connector(options: buildConnector.BuildOptions): buildConnector.connector;
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
