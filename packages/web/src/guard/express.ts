import type { ExpressHandler } from "../express-handler.js";
import { sendResponse } from "../node-bridge.js";
import type { RequestGuard } from "./request-guard.js";
import type { Demands } from "./demands.js";
import { checkIncoming, type Adapter } from "./node-adapter.js";

/** Returns the middleware that guards what comes after it. It sets `request.caller`. */
export function expressGuard(
  guard: RequestGuard,
  adapter: Adapter,
  demands: Demands | undefined,
): ExpressHandler {
  return (incoming, outgoing, next) => {
    checkIncoming(guard, adapter, incoming, demands).then(({ caller, response }) => {
      if (response) return void sendResponse(response, outgoing).catch(next);
      Object.assign(incoming, { caller });
      next();
    }, next);
  };
}
