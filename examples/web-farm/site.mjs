// @ts-check
// One process of the website. Everything that another one must know stands in Redis: the sessions of the browsers, and
// the users' tokens.
import { once } from "node:events";
import { createServer } from "node:http";
import { ConfidentialClientApplication } from "@tessera/node";
import { createRedisStore } from "@tessera/redis";
import { createWebSignIn, requestOf, sendResponse } from "@tessera/web";
import { createClient } from "redis";

const environment = /** @type {Readonly<Record<string, string>>} */ (process.env);
const baseUrl = environment.ORIGIN ?? "";
const scopes = ["User.Read"];

// RESP 3 lets Redis tell this process what another one has changed.
const client = createClient({ url: environment.REDIS_URL ?? "", RESP: 3 });
client.on("error", (error) => console.error(`Redis: ${error.message}`));
await client.connect();
const store = createRedisStore({
  client,
  encryption: {
    nameKey: Buffer.from(environment.NAME_KEY ?? "", "base64"),
    keys: [{ id: "first", key: Buffer.from(environment.TOKEN_KEY ?? "", "base64") }],
  },
});
const app = new ConfidentialClientApplication({
  auth: {
    clientId: environment.CLIENT_ID ?? "",
    clientSecret: environment.CLIENT_SECRET,
    authority: environment.AUTHORITY,
  },
  cache: { store },
  system: { proxy: false },
});

/** @type {import("@tessera/web").WebStore} */
const sessions = {
  get: (key) => client.get(`web:${key}`),
  set: (key, text, seconds) => client.set(`web:${key}`, text, { expiration: { type: "EX", value: seconds } }),
  take: (key) => client.getDel(`web:${key}`),
  delete: (key) => client.del(`web:${key}`),
  add: async (key, text, seconds) => {
    const expiration = /** @type {const} */ ({ type: "EX", value: seconds });
    return (await client.set(`web:${key}`, text, { expiration, condition: "NX" })) !== null;
  },
};
const secrets = [environment.SESSION_SECRET ?? ""];
const web = createWebSignIn({ app, baseUrl, scopes, session: { secrets, store: sessions } });

const server = createServer((incoming, outgoing) => {
  answer(requestOf(incoming, baseUrl))
    .catch((error) => {
      console.error(error);
      return page("<p>That did not work.</p>", 500);
    })
    .then((response) => sendResponse(response, outgoing))
    .catch(() => outgoing.destroy());
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const address = server.address();
process.send?.(typeof address === "object" ? address?.port : 0);
process.once("disconnect", async () => {
  server.close();
  server.closeAllConnections();
  await store.close();
  await client.close();
});

/**
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function answer(request) {
  const own = await web.handle(request);
  if (own) return own;
  const user = await web.user(request);
  if (!user) return page('<p>Welcome, stranger.</p><p><a href="/auth/sign-in">Sign in</a></p>');
  // From the cache of this process, from Redis, or renewed: by one process for all.
  const token = await web.token(request, { scopes });
  if (token.response) return token.response;
  const source = token.fromCache ? "the cache" : "the identity provider";
  const response = page(
    `<p>Hello ${escape(user.name || user.username)}, with a token from ${source}.</p>
     <form method="post" action="/auth/sign-out"><button>Sign out</button></form>`,
  );
  return web.renew(request, response);
}

/**
 * @param {string} html
 * @param {number} [status]
 */
function page(html, status = 200) {
  return new Response(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Web farm</title>
     <main><p>Process ${environment.PROCESS}:</p> ${html}</main></html>`,
    { status, headers: { "content-type": "text/html; charset=utf-8" } },
  );
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
