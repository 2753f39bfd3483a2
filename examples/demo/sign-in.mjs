// @ts-check
import { once } from "node:events";
import { createServer } from "node:http";
import { Agent, request } from "undici";

/**
 * Someone who signs in: opens the authorization URL, and comes back to the redirect URI.
 *
 * @typedef {object} Visitor
 * @property {string} redirectUri where the identity provider sends the browser back to
 * @property {(authorizationUrl: string, provider: Pick<import("./demo.mjs").Provider, "ca" | "user">) => Promise<URLSearchParams>} signIn
 *   returns the parameters that come to the redirect URI
 * @property {() => Promise<void>} close
 */

/**
 * Does over HTTP what a user does in a browser: follows redirects, keeps cookies, fills in the sign-in form and
 * agrees to the rest. Nobody listens at the redirect URI: the last redirect already says everything.
 *
 * @returns {Visitor}
 */
export function createFormFiller() {
  const redirectUri = "http://localhost/signed-in";
  return {
    redirectUri,
    async signIn(authorizationUrl, { ca, user }) {
      const dispatcher = new Agent({ connect: { ca }, pipelining: 0 });
      const cookies = new Map();
      let url = authorizationUrl;
      let form = "";
      for (let page = 0; page < 15; page += 1) {
        const response = await request(url, {
          dispatcher,
          method: form ? "POST" : "GET",
          headers: {
            cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
            ...(form ? { "content-type": "application/x-www-form-urlencoded" } : {}),
          },
          body: form || null,
        });
        for (const cookie of [response.headers["set-cookie"] ?? []].flat()) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
          if (value) cookies.set(name, value);
          else cookies.delete(name);
        }
        const html = await response.body.text();
        if (response.headers.location) {
          url = new URL(String(response.headers.location), url).href;
          form = "";
          if (url.startsWith(redirectUri)) return new URL(url).searchParams;
          continue;
        }
        const problem = /role="alert"[^>]*>([^<]*)/.exec(html)?.[1];
        const action = /<form[^>]*\baction="([^"]*)"/.exec(html)?.[1];
        if (problem || !action)
          throw new Error(`the sign-in stopped at ${url}: ${problem ?? `HTTP ${response.statusCode}`}`);
        url = new URL(action, url).href;
        form = fillIn(html, user);
      }
      throw new Error(`the sign-in does not end: it came to ${url}`);
    },
    async close() {},
  };
}

/**
 * Leaves the sign-in to the user: opens the browser, and waits on a free port for its return.
 *
 * @returns {Promise<Visitor>}
 */
export async function createRealBrowser() {
  /** @type {(answer: URLSearchParams) => void} */
  let arrived = () => undefined;
  const server = createServer((incoming, answer) => {
    const url = new URL(incoming.url ?? "/", "http://localhost");
    if (url.pathname !== "/signed-in") {
      answer.writeHead(404).end();
      return;
    }
    answer.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    answer.end("<!doctype html><title>Tessera demo</title><p>Back to the terminal: it says how it went on.");
    arrived(url.searchParams);
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  return {
    redirectUri: `http://localhost:${typeof address === "object" ? address?.port : ""}/signed-in`,
    async signIn(authorizationUrl, { user }) {
      console.log(`\n  Sign in as ${user.username}, password: ${user.password}`);
      console.log(`  If no browser opens, open this:\n  ${authorizationUrl}\n`);
      const answer = new Promise((resolve) => (arrived = resolve));
      if (process.env.BROWSER !== "none") await openBrowser(authorizationUrl);
      return answer;
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * A machine without a browser is no failure: the URL has been printed.
 *
 * @param {string} url
 */
async function openBrowser(url) {
  const { default: open } = await import("open");
  await open(url).then(
    (browser) => browser.on("error", () => undefined),
    () => undefined,
  );
}

/**
 * The fields of a page's form with their own values; account and password where it asks for them.
 *
 * @param {string} html
 * @param {{ readonly username: string, readonly password: string }} user
 */
function fillIn(html, { username, password }) {
  const fields = new URLSearchParams();
  for (const [input] of html.matchAll(/<input\b[^>]*>/g)) {
    const attribute = (/** @type {string} */ name) => new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1];
    const type = attribute("type");
    const typed = type === "password" ? password : type === "hidden" ? undefined : username;
    const name = attribute("name");
    if (name) fields.set(name, typed ?? attribute("value") ?? "");
  }
  return fields.toString();
}
