// @ts-check
import { sendResponse } from "@tessera/web";
import express from "express";
import { homePage, onBehalfOf } from "./parts.mjs";

/**
 * @param {import("./parts.mjs").Parts} parts
 * @returns {Promise<import("node:http").RequestListener>}
 */
export async function listenerOf({ web, api, apiPage, downstream }) {
  const site = express();
  // Serves the routes of the sign-in, sets request.user, and keeps the session going.
  site.use(web.express());
  site.get("/", async (request, response) => void response.send(homePage(await web.user(request))));
  for (const path of /** @type {const} */ (["payments", "vault"])) {
    site.get(`/${path}`, async (request, response) =>
      sendResponse(await apiPage(request, `/api/${path}`), response),
    );
    // Refuses a request by itself, otherwise sets request.caller.
    site.get(`/api/${path}`, api.express(), async (request, response) => {
      const { caller } = /** @type {typeof request & { caller: import("@tessera/web").Caller }} */ (request);
      await sendResponse(await onBehalfOf(caller, downstream[path]), response);
    });
  }
  // The API's metadata, which is answered to everybody.
  site.get("/.well-known/oauth-protected-resource/api", api.express());
  return site;
}
