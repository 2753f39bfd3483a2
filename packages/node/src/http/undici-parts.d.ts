// The parts of undici that are loaded one by one. Its index loads three times as much, and with it `node:sqlite`, which
// Node.js 20 does not have and which a bundler moves to where nothing can catch its absence.

declare module "undici/lib/dispatcher/agent.js" {
  export { default } from "undici/types/agent";
}
declare module "undici/lib/dispatcher/proxy-agent.js" {
  export { default } from "undici/types/proxy-agent";
}
declare module "undici/lib/dispatcher/dispatcher.js" {
  export { default } from "undici/types/dispatcher";
}
declare module "undici/lib/api/index.js" {
  import type Dispatcher from "undici/types/dispatcher";
  const api: Pick<Dispatcher, "request" | "connect" | "stream" | "pipeline" | "upgrade">;
  export default api;
}
declare module "undici/lib/handler/wrap-handler.js" {
  import type Dispatcher from "undici/types/dispatcher";
  const handlers: { wrap(handler: Dispatcher.DispatchHandler): Dispatcher.DispatchHandler };
  export default handlers;
}
