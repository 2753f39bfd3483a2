import type { IncomingMessage } from "node:http";
import { requestOf } from "../node-bridge.js";
import { backChannelLogout, frontChannelLogout } from "./logout-routes.js";
import { completeSignIn } from "./callback-route.js";
import { checkedSite } from "./check-options.js";
import type { ExpressHandler } from "../express-handler.js";
import { expressAdapter } from "./express.js";
import { fastifyAdapter, type FastifyPlugin } from "./fastify.js";
import type { WebSignInOptions } from "./options.js";
import { withNoStore } from "./pages.js";
import { isDue, sessionCookie, userOf, type WebUser } from "./session.js";
import { sessionToken, type WebTokenAnswer, type WebTokenOptions } from "./session-token.js";
import { createSessions, type Sessions } from "./sessions.js";
import { beginSignIn } from "./sign-in-route.js";
import { askToSignOut, signOut } from "./sign-out-route.js";
import type { Site } from "./site.js";
import type { SignInStep } from "./step.js";
import { answerToFailure } from "./store-failure.js";
import { userMustAct } from "./user-must-act.js";

/** A request: the web's own, or one of `node:http`, Express or Fastify (`request.raw`). */
export type WebRequest = Request | IncomingMessage;

/** Signs the users of a website in. */
export interface WebSignIn {
  /**
   * Answers requests for the routes of the sign-in: `/auth/sign-in` (with `?returnTo=`), `/auth/callback`, `/auth/sign-out`,
   * `/auth/logout/front-channel` and `/auth/logout/back-channel`. Returns `undefined` for other paths.
   */
  handle(request: Request): Promise<Response | undefined>;
  /** Returns the user of a request's session, or `undefined`. */
  user(request: WebRequest): Promise<WebUser | undefined>;
  /**
   * Returns a token of the user, from the cache or renewed; or a `response` to send, where the user has to sign in, consent or prove
   * more. With `claims`, the challenge of an API is first tried silently.
   */
  token(request: WebRequest, options: WebTokenOptions): Promise<WebTokenAnswer>;
  /** Returns the response that has the user sign in and come back: a redirect for a page, a 401 for a script. */
  signIn(request: WebRequest, step?: SignInStep): Promise<Response>;
  /** Returns the response with the cookie that keeps a session going, where one is due. */
  renew(request: WebRequest, response: Response): Promise<Response>;
  /** Returns a middleware for Express 4 and 5: serves the routes, renews sessions, and sets `request.user`. */
  express(): ExpressHandler;
  /** Returns a plugin for Fastify 5 that does the same. */
  fastify(): FastifyPlugin;
}

/**
 * Creates the sign-in of a website: routes, sessions, cookies and logout, on the web's own `Request` and `Response`.
 *
 * @throws ClientConfigurationError `invalid_option`
 * @example
 * ```ts
 * import { createWebSignIn } from "@tessera/web";
 *
 * const web = createWebSignIn({
 *   app,
 *   baseUrl: "https://orders.example",
 *   scopes: ["User.Read"],
 *   session: { secrets: [process.env.SESSION_SECRET ?? "a secret of at least 32 random characters"] },
 * });
 *
 * async function fetch(request: Request): Promise<Response> {
 *   const response = await web.handle(request);
 *   if (response) return response;
 *   const user = await web.user(request);
 *   if (!user) return web.signIn(request);
 *   return web.renew(request, new Response(`Hello ${user.name}`));
 * }
 * await fetch(new Request("https://orders.example/"));
 * ```
 */
export function createWebSignIn(options: WebSignInOptions): WebSignIn {
  const site = checkedSite(options);
  const sessions = createSessions(site);
  const bridged = new WeakMap<IncomingMessage, Request>();
  const webRequest = (request: WebRequest): Request => {
    if (!("rawHeaders" in request)) return request;
    const made = bridged.get(request) ?? requestOf(request, site.baseUrl);
    bridged.set(request, made);
    return made;
  };
  const slidingCookie = async (request: Request): Promise<string | undefined> => {
    const found = await sessions.read(request);
    if (!found || !isDue(site, found)) return undefined;
    return sessionCookie(site, { ...found.session, seenAt: site.clock.now() });
  };
  const user: WebSignIn["user"] = async (request) => {
    const found = await sessions.read(webRequest(request));
    return found && userOf(found.session);
  };
  const handle: WebSignIn["handle"] = async (request) =>
    route(site, sessions, request).catch((error: unknown) => answerToFailure(site, request, error));
  const server = { baseUrl: site.baseUrl, isRoute: isRouteOf(site), handle, user, webRequest, slidingCookie };
  return {
    handle,
    user,
    async token(given, tokenOptions) {
      const request = webRequest(given);
      try {
        return await sessionToken(site, sessions, request, tokenOptions);
      } catch (error) {
        return { response: await answerToFailure(site, request, error) };
      }
    },
    signIn: async (request, step) => userMustAct(site, webRequest(request), step),
    async renew(given, response) {
      const request = webRequest(given);
      if (!(await sessions.read(request))) return response;
      const cookie = await slidingCookie(request);
      if (cookie === undefined && response.headers.has("cache-control")) return response;
      return withNoStore(response, cookie === undefined ? [] : [cookie]);
    },
    express: () => expressAdapter(server),
    fastify: () => fastifyAdapter(server),
  };
}

const NOT_ALLOWED = { status: 405, headers: { "cache-control": "no-store" } };

async function route(site: Site, sessions: Sessions, request: Request): Promise<Response | undefined> {
  const { paths } = site;
  const method = request.method === "HEAD" ? "GET" : request.method;
  switch (`${method} ${new URL(request.url).pathname}`) {
    case `GET ${paths.signIn}`:
      return beginSignIn(site, sessions, request);
    case `${site.responseMode.startsWith("form_post") ? "POST" : "GET"} ${paths.callback}`:
      return completeSignIn(site, sessions, request);
    case `GET ${paths.signOut}`:
      return askToSignOut(site, sessions, request);
    case `POST ${paths.signOut}`:
      return signOut(site, sessions, request);
    case `GET ${paths.frontChannelLogout}`:
      return frontChannelLogout(site, request);
    case `POST ${paths.backChannelLogout}`:
      return backChannelLogout(site, request);
    default:
      return isRouteOf(site)(request.url) ? new Response(null, NOT_ALLOWED) : undefined;
  }
}

/** Tells the routes of the sign-in from the paths of the site. */
function isRouteOf({ paths }: Site): (url: string) => boolean {
  const routes = new Set<string>(Object.values(paths));
  // What the routes begin with is none of them.
  routes.delete(paths.root);
  return (url) => routes.has(new URL(url).pathname);
}
