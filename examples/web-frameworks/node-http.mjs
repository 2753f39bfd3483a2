// @ts-check
import { requestOf, sendResponse } from "@tessera/web";
import { homePage, htmlResponse, onBehalfOf } from "./parts.mjs";

/**
 * @param {import("./parts.mjs").Parts} parts
 * @returns {Promise<import("node:http").RequestListener>}
 */
export async function listenerOf({ web, api, baseUrl, apiPage, downstream }) {
  return (incoming, outgoing) => {
    answer(requestOf(incoming, baseUrl))
      .catch((error) => {
        console.error(error);
        return new Response("That did not work", { status: 500 });
      })
      .then((response) => sendResponse(response, outgoing))
      .catch(() => outgoing.destroy());
  };

  /**
   * @param {Request} request
   * @returns {Promise<Response>}
   */
  async function answer(request) {
    // The routes of the sign-in, and the API's metadata.
    const own = (await web.handle(request)) ?? (await api.handle(request));
    if (own) return own;
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/":
        // Keeps the session going.
        return web.renew(request, htmlResponse(homePage(await web.user(request))));
      case "/payments":
      case "/vault":
        return web.renew(request, await apiPage(request, `/api${pathname}`));
      case "/api/payments":
      case "/api/vault": {
        const { caller, response } = await api.check(request);
        if (response) return response;
        return onBehalfOf(caller, pathname === "/api/vault" ? downstream.vault : downstream.payments);
      }
      default:
        return new Response("Not found", { status: 404 });
    }
  }
}
