/**
 * Signs users of websites in and guards APIs.
 *
 * @packageDocumentation
 */
export { createMemoryWebStore } from "./memory-web-store.js";
export { requestOf, sendResponse } from "./node-bridge.js";
export type { WebStore } from "./web-store.js";
export { createApiGuard, type ApiGuard } from "./guard/create-api-guard.js";
export type { Checked, RequestGuard } from "./guard/request-guard.js";
export type { Caller, CallerToken, CallerTokenRequest } from "./guard/caller.js";
export type { Demands } from "./guard/demands.js";
export type { ExpressGuard } from "./guard/express.js";
export type {
  FastifyGuard,
  FastifyInstanceLike,
  FastifyMetadata,
  FastifyReplyLike,
  FastifyRequestLike,
} from "./guard/fastify.js";
export type {
  ApiGuardOptions,
  CheckOptions,
  ClientCertificate,
  DpopOptions,
  GuardApplication,
  GuardedRequest,
  IntrospectionOptions,
} from "./guard/options.js";
