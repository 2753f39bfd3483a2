// @ts-check
// The website's own parts: the sign-in of its users, the guard of its API, and what both show. They know of no framework.
import { claimsFromChallenge, ConfidentialClientApplication } from "@tessera/node";
import { createApiGuard, createWebSignIn } from "@tessera/web";

const scopes = ["api://orders/access"];

/** @typedef {{ readonly scopes: string[], readonly url: string }} Downstream another API, and what to ask for it */
/** @typedef {ReturnType<typeof partsOf>} Parts */

/**
 * Makes the parts once, when the server starts.
 *
 * @param {object} around
 * @param {string} around.authority
 * @param {string} around.baseUrl
 * @param {import("@tessera/node").NodeSystemOptions} around.system
 * @param {Readonly<Record<"payments" | "vault", Downstream>>} around.downstream
 * @param {readonly { readonly name: string, readonly clientId: string, readonly clientSecret?: string | undefined }[]} around.sites
 * @param {Pick<import("@tessera/web").WebSignInOptions, "session" | "responseMode" | "clock">} around.signIn
 */
export function partsOf({ authority, baseUrl, system, downstream, sites, signIn }) {
  const site = sites.find(({ name }) => name.endsWith("Web"));
  const web = createWebSignIn({
    app: new ConfidentialClientApplication({
      auth: { clientId: site?.clientId ?? "", clientSecret: site?.clientSecret, authority },
      system,
    }),
    ...{ baseUrl, scopes },
    ...signIn,
  });
  // The API has a registration of its own, with which it acquires tokens on behalf of its callers.
  const api = createApiGuard({
    ...{ baseUrl: `${baseUrl}/api`, authority, audience: "orders", scopes: ["access"], system },
    app: new ConfidentialClientApplication({
      auth: { clientId: "orders", clientSecret: "orders-secret", authority },
      system,
    }),
  });

  return {
    ...{ web, api, baseUrl, downstream },

    /**
     * A page that shows what an operation of the API says to the user's token.
     *
     * @param {import("@tessera/web").WebRequest} request
     * @param {string} path
     * @returns {Promise<Response>}
     */
    async apiPage(request, path) {
      /** @param {string} accessToken */
      const call = (accessToken) =>
        fetch(baseUrl + path, { headers: { authorization: `Bearer ${accessToken}` } });
      const token = await web.token(request, { scopes });
      if (token.response) return token.response;
      let answer = await call(token.accessToken);
      // The API demands more of the user: tried silently first, then the user is asked and comes back here.
      const claims = claimsFromChallenge(answer.headers.get("www-authenticate"));
      if (answer.status === 401 && claims) {
        const stronger = await web.token(request, { scopes, claims });
        if (stronger.response) return stronger.response;
        answer = await call(stronger.accessToken);
      }
      return htmlResponse(html(`<p id="api">${escape(await answer.text())}</p><p><a href="/">Back</a>`));
    },
  };
}

/**
 * An operation of the API: it asks another API on behalf of the caller.
 *
 * @param {import("@tessera/web").Caller} caller
 * @param {Downstream} other
 * @returns {Promise<Response>}
 */
export async function onBehalfOf(caller, { scopes, url }) {
  const token = await caller.token({ scopes });
  // The caller's client learns what the user has to do first.
  if (token.response) return token.response;
  return fetch(url, { headers: { authorization: `Bearer ${token.accessToken}` } });
}

/**
 * The start page.
 *
 * @param {import("@tessera/web").WebUser | null | undefined} user
 */
export function homePage(user) {
  return user
    ? html(`<p id="who">${escape(user.username)}</p>
        <p><a href="/payments">Payments</a> <a href="/vault">Vault</a>
        <form method="post" action="/auth/sign-out"><button>Sign out</button></form>`)
    : html('<p id="who">nobody</p><p><a href="/auth/sign-in">Sign in</a>');
}

/** @param {string} page */
export function htmlResponse(page) {
  return new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}

/** @param {string} content */
function html(content) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Orders</title><main>${content}</main></html>`;
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
