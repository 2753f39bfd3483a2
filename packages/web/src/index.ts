/**
 * Signs users of websites in and guards APIs.
 *
 * @packageDocumentation
 */
export { createMemoryWebStore } from "./memory-web-store.js";
export { requestOf, sendResponse } from "./node-bridge.js";
export type { WebStore } from "./web-store.js";
export { createWebSignIn, type WebRequest, type WebSignIn } from "./sign-in/create-web-sign-in.js";
export type { ExpressHandler } from "./express-handler.js";
export type { FastifyReplyParts, FastifyRequestParts, FastifyServer } from "./fastify-parts.js";
export type { FastifyPlugin } from "./sign-in/fastify.js";
export type { WebSessionOptions, WebSignInOptions } from "./sign-in/options.js";
export type { WebUser } from "./sign-in/session.js";
export type { WebTokenAnswer, WebTokenOptions } from "./sign-in/session-token.js";
export type { ResponseModeOption, SignInApplication } from "./sign-in/site.js";
export type { SignInStep } from "./sign-in/step.js";
export type { WebSignInProblem } from "./sign-in/web-sign-in-problem.js";
export { createApiGuard, type ApiGuard } from "./guard/create-api-guard.js";
export type { Checked, RequestGuard } from "./guard/request-guard.js";
export type { Caller, CallerToken, CallerTokenRequest } from "./guard/caller.js";
export type { Demands } from "./guard/demands.js";
export type { FastifyGuard, FastifyMetadata } from "./guard/fastify.js";
export type {
  ApiGuardOptions,
  CheckOptions,
  ClientCertificate,
  DpopOptions,
  GuardApplication,
  GuardedRequest,
  IntrospectionOptions,
} from "./guard/options.js";
