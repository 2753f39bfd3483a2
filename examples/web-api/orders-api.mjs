// @ts-check
// The API itself: it knows nothing of the framework that it runs on.
import { ConfidentialClientApplication } from "@tessera/node";
import { createApiGuard } from "@tessera/web";

/**
 * @param {string} baseUrl
 * @param {typeof import("./setup.mjs").setup} setup
 */
export function ordersApi(baseUrl, { configuration, audience, scopes, downstream }) {
  // One application object for all callers: it holds the cache, by the hash of each caller's token.
  const app = new ConfidentialClientApplication(configuration);
  const { authority } = configuration.auth;
  const { system } = configuration;
  const api = createApiGuard({ baseUrl, authority, audience, app, scopes, ...(system ? { system } : {}) });

  /** @param {Request} request */
  async function orders(request) {
    const { caller, response } = await api.check(request);
    if (response) return response;
    // One exchange for each caller's token; later calls take it from the cache.
    const token = await caller.token({ scopes: downstream.scopes });
    if (token.response) return token.response;
    const answer = await fetch(downstream.url, { headers: { authorization: `Bearer ${token.accessToken}` } });
    return Response.json({ caller: caller.claims["name"], downstream: await answer.json() });
  }
  return { api, orders };
}
