// @ts-check
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { homePage, onBehalfOf } from "./parts.mjs";

/**
 * @param {import("./parts.mjs").Parts} parts
 * @returns {Promise<import("node:http").RequestListener>}
 */
export async function listenerOf({ web, api, apiPage, downstream }) {
  const site = new Hono();
  site.use(async (c, next) => {
    // The routes of the sign-in, and the API's metadata.
    const own = (await web.handle(c.req.raw)) ?? (await api.handle(c.req.raw));
    if (own) return own;
    await next();
    // Keeps the session going.
    c.res = await web.renew(c.req.raw, c.res);
  });
  site.get("/", async (c) => c.html(homePage(await web.user(c.req.raw))));
  for (const path of /** @type {const} */ (["payments", "vault"])) {
    site.get(`/${path}`, (c) => apiPage(c.req.raw, `/api/${path}`));
    site.get(`/api/${path}`, async (c) => {
      const { caller, response } = await api.check(c.req.raw);
      return response ?? onBehalfOf(caller, downstream[path]);
    });
  }
  return getRequestListener(site.fetch);
}
