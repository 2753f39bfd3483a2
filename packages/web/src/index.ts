/**
 * Signs users of websites in and guards APIs.
 *
 * @packageDocumentation
 */
export { createMemoryWebStore } from "./memory-web-store.js";
export { requestOf, sendResponse } from "./node-bridge.js";
export type { WebStore } from "./web-store.js";
export { createWebSignIn, type WebRequest, type WebSignIn } from "./sign-in/create-web-sign-in.js";
export type { ExpressHandler } from "./sign-in/express.js";
export type {
  FastifyPlugin,
  FastifyReplyParts,
  FastifyRequestParts,
  FastifyServer,
} from "./sign-in/fastify.js";
export type { WebSessionOptions, WebSignInOptions } from "./sign-in/options.js";
export type { WebUser } from "./sign-in/session.js";
export type { WebTokenAnswer, WebTokenOptions } from "./sign-in/session-token.js";
export type { ResponseModeOption, SignInApplication } from "./sign-in/site.js";
export type { SignInStep } from "./sign-in/step.js";
export type { WebSignInProblem } from "./sign-in/web-sign-in-problem.js";
