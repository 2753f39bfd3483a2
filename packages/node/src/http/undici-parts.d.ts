// The parts of undici in use. Its index would load three times as many modules.

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
