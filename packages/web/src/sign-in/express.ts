import type { IncomingMessage, ServerResponse } from "node:http";
import type { ExpressHandler } from "../express-handler.js";
import { requestOf, sendResponse } from "../node-bridge.js";
import type { AdaptedServer } from "./adapted-server.js";
import type { WebUser } from "./session.js";

/** What the middleware adds to a request, and what body parsers have added before. */
interface ExpressRequest {
  user?: WebUser | undefined;
  readonly body?: unknown;
}

/** Returns the middleware: serves the routes of the sign-in; other requests get their user, and the session's cookie. */
export function expressAdapter(server: AdaptedServer): ExpressHandler {
  const run = async (
    incoming: IncomingMessage & ExpressRequest,
    outgoing: ServerResponse,
  ): Promise<"answered" | "next"> => {
    const request = server.webRequest(incoming);
    if (server.isRoute(request.url)) {
      // A parser that runs before has read the body; what Express 4 says of an unread one is an empty object.
      const body = incoming.readableEnded ? incoming.body : undefined;
      const response = await server.handle(requestOf(incoming, server.baseUrl, body));
      if (response) {
        await sendResponse(response, outgoing);
        return "answered";
      }
    }
    incoming.user = await server.user(request);
    if (!incoming.user) return "next";
    const cookie = await server.slidingCookie(request);
    if (cookie !== undefined) outgoing.appendHeader("set-cookie", cookie);
    outgoing.setHeader("cache-control", "no-store");
    return "next";
  };
  return (request, response, next) => {
    run(request, response).then((outcome) => {
      if (outcome === "next") next();
    }, next);
  };
}
