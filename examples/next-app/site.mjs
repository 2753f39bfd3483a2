// @ts-check
// What the site is made of: the sign-in of its users, and the guard of its API.
import { headers } from "next/headers";
import { claimsFromChallenge, ConfidentialClientApplication } from "@tessera/node";
import { createApiGuard, createWebSignIn } from "@tessera/web";

const scopes = ["api://orders/access"];

/** @typedef {{ readonly text: string, readonly response?: undefined } | { readonly response: Response, readonly text?: undefined }} Answer what the API says, or what the user has to do first */

/**
 * The site of this process. Next.js loads this module once for every bundle, and in development again after each change: the tokens
 * of the users are in the application's cache, which all of them have to share.
 */
export function site() {
  const shared = /** @type {{ ordersSite?: ReturnType<typeof create> }} */ (globalThis);
  return (shared.ordersSite ??= create(process.env));
}

/**
 * Returns the request for a page, which Next.js does not hand to it.
 *
 * @param {string} path
 */
export async function pageRequest(path) {
  const cookie = (await headers()).get("cookie") ?? "";
  return new Request(site().baseUrl + path, { headers: { accept: "text/html", cookie } });
}

/** @param {Readonly<Record<string, string | undefined>>} environment */
function create(environment) {
  const { BASE_URL: baseUrl = "", AUTHORITY: authority = "", SESSION_SECRETS = "" } = environment;
  const {
    SITE_ID = "",
    SITE_SECRET,
    API_ID = "",
    API_SECRET,
    PAYMENTS_URL = "",
    VAULT_URL = "",
  } = environment;
  const system = { proxy: /** @type {const} */ (false) };
  const web = createWebSignIn({
    app: new ConfidentialClientApplication({
      auth: { clientId: SITE_ID, clientSecret: SITE_SECRET, authority },
      system,
    }),
    ...{ baseUrl, scopes },
    responseMode: environment.RESPONSE_MODE === "form_post" ? "form_post" : "query",
    session: { secrets: SESSION_SECRETS.split(" ") },
  });
  // The API has a registration of its own, with which it acquires tokens on behalf of its callers.
  const api = createApiGuard({
    ...{ baseUrl: `${baseUrl}/api`, authority, audience: API_ID, scopes: ["access"], system },
    app: new ConfidentialClientApplication({
      auth: { clientId: API_ID, clientSecret: API_SECRET, authority },
      system,
    }),
  });
  /** Other APIs, which the API asks on behalf of its callers. */
  const downstream = new Map([
    ["payments", { scopes: ["api://payments/Pay"], url: PAYMENTS_URL }],
    ["vault", { scopes: ["api://vault/Open"], url: VAULT_URL }],
  ]);

  /**
   * Asks the API with the user's token.
   *
   * @param {Request} request
   * @param {string} path
   * @returns {Promise<Answer>}
   */
  async function askApi(request, path) {
    /** @param {string} accessToken */
    const call = (accessToken) =>
      fetch(baseUrl + path, { headers: { authorization: `Bearer ${accessToken}` } });
    const token = await web.token(request, { scopes });
    if (token.response) return token;
    let answer = await call(token.accessToken);
    // The API demands more of the user: tried silently first, then the user is asked and comes back here.
    const claims = claimsFromChallenge(answer.headers.get("www-authenticate"));
    if (answer.status === 401 && claims) {
      const stronger = await web.token(request, { scopes, claims });
      if (stronger.response) return stronger;
      answer = await call(stronger.accessToken);
    }
    return { text: await answer.text() };
  }
  return { web, api, baseUrl, downstream, askApi };
}
