// @ts-check
import fastify from "fastify";
import { homePage, onBehalfOf } from "./parts.mjs";

/**
 * @param {import("./parts.mjs").Parts} parts
 * @returns {Promise<import("node:http").RequestListener>}
 */
export async function listenerOf({ web, api, apiPage, downstream }) {
  const site = fastify();
  // Serves the routes of the sign-in, sets request.user, and keeps the session going.
  await site.register(web.fastify());
  // Serves the API's metadata.
  await site.register(api.fastifyMetadata());
  site.get("/", async (request, reply) =>
    reply.type("text/html").send(homePage(await web.user(request.raw))),
  );
  for (const path of /** @type {const} */ (["payments", "vault"])) {
    site.get(`/${path}`, async (request) => apiPage(request.raw, `/api/${path}`));
    // Refuses a request by itself, otherwise sets request.caller.
    site.get(`/api/${path}`, { onRequest: api.fastify() }, async (request) => {
      const { caller } = /** @type {typeof request & { caller: import("@tessera/web").Caller }} */ (request);
      return onBehalfOf(caller, downstream[path]);
    });
  }
  await site.ready();
  return (incoming, outgoing) => site.routing(incoming, outgoing);
}
