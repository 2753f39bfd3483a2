import type { FastifyReplyParts, FastifyRequestParts, FastifyServer } from "../fastify-parts.js";
import { sendResponse } from "../node-bridge.js";
import type { AdaptedServer } from "./adapted-server.js";
import type { WebUser } from "./session.js";

/** A plugin for Fastify. */
export type FastifyPlugin = (server: FastifyServer, options: object, done: (error?: Error) => void) => void;

/** Returns the plugin: serves the routes of the sign-in; other requests get their user, and the session's cookie. */
export function fastifyAdapter(adapted: AdaptedServer): FastifyPlugin {
  const onRequest = async (
    fastifyRequest: FastifyRequestParts & { user?: WebUser | null },
    reply: FastifyReplyParts,
  ): Promise<unknown> => {
    const request = adapted.webRequest(fastifyRequest.raw);
    // Before the body is parsed: the routes read it themselves.
    const response = adapted.isRoute(request.url) ? await adapted.handle(request) : undefined;
    if (response) {
      reply.hijack();
      await sendResponse(response, reply.raw);
      return reply;
    }
    fastifyRequest.user = (await adapted.user(request)) ?? null;
    if (!fastifyRequest.user) return undefined;
    const cookie = await adapted.slidingCookie(request);
    if (cookie !== undefined) reply.header("set-cookie", cookie);
    reply.header("cache-control", "no-store");
    return undefined;
  };
  const plugin: FastifyPlugin = (server, _options, done) => {
    server.decorateRequest("user", null);
    server.addHook("onRequest", onRequest);
    done();
  };
  // Otherwise the hook would see only routes that are registered by the plugin itself.
  return Object.assign(plugin, {
    [Symbol.for("skip-override")]: true,
    [Symbol.for("fastify.display-name")]: "@tessera/web",
  });
}
