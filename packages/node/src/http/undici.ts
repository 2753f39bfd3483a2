import type { Agent, buildConnector, Dispatcher } from "undici";
import type { Connect } from "./connect.js";

/** The parts of undici in use. */
export interface Undici {
  agent(options: Agent.Options): Dispatcher;
  connector(options: buildConnector.BuildOptions): Connect;
}

/** A dispatcher of any release of undici, such as an `Agent`, a `Pool` or a `MockAgent`. */
export interface Dispatching {
  dispatch(options: object, handler: object): boolean;
}
