import type { IncomingMessage, ServerResponse } from "node:http";
import { sendResponse } from "../node-bridge.js";
import type { RequestGuard } from "./request-guard.js";
import type { Demands } from "./demands.js";
import { checkIncoming, type Adapter } from "./node-adapter.js";

/** A middleware of Express. It sets `request.caller`. */
export type ExpressGuard = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** Returns the middleware that guards what comes after it. */
export function expressGuard(
  guard: RequestGuard,
  adapter: Adapter,
  demands: Demands | undefined,
): ExpressGuard {
  return (incoming, outgoing, next) => {
    checkIncoming(guard, adapter, incoming, demands).then(({ caller, response }) => {
      if (response) return void sendResponse(response, outgoing).catch(next);
      Object.assign(incoming, { caller });
      next();
    }, next);
  };
}
