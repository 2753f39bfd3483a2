// @ts-check
// One process of the website. Everything that another one must know stands in Redis: the sessions of the browsers, and
// the users' tokens.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { AuthError, ConfidentialClientApplication, InteractionRequiredAuthError } from "@tessera/node";
import { createRedisStore } from "@tessera/redis";
import { createClient } from "redis";

/**
 * What the session of a browser keeps. Tokens stay in the application's cache.
 *
 * @typedef {object} Session
 * @property {import("@tessera/node").AuthCodeFlow} [flow] a sign-in that is under way
 * @property {string} [homeAccountId] who has signed in
 */
/** @typedef {import("node:http").IncomingMessage} Incoming */
/** @typedef {import("node:http").ServerResponse} Outgoing */

const environment = /** @type {Readonly<Record<string, string>>} */ (process.env);
const origin = environment.ORIGIN ?? "";
const redirectUri = `${origin}/callback`;
const scopes = ["User.Read"];
const SESSION_SECONDS = 8 * 3600;

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

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    if (!(error instanceof AuthError)) console.error(error);
    const reason = error instanceof AuthError ? error.errorCode : "internal error";
    page(response, 500, `<h1>That did not work</h1><p>${escape(reason)}</p><p><a href="/">Back</a>`);
  });
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
 * @param {Incoming} request
 * @param {Outgoing} response
 */
async function handle(request, response) {
  const url = new URL(request.url ?? "/", origin);
  const id = sessionId(request);
  const session = await readSession(id);
  switch (`${request.method} ${url.pathname}`) {
    case "GET /":
      return home(response, session);
    case "GET /sign-in":
      return signIn(response);
    case "GET /callback":
      return callback(url, response, { id, session });
    case "POST /sign-out":
      return signOut(response, { id, session });
    default:
      return page(response, 404, "<h1>Not found</h1>");
  }
}

/**
 * @param {Outgoing} response
 * @param {Session} session
 */
async function home(response, { homeAccountId }) {
  const account = homeAccountId === undefined ? null : await app.getAccountByHomeId(homeAccountId);
  if (!account) return page(response, 200, '<p>Welcome, stranger.</p><p><a href="/sign-in">Sign in</a></p>');
  try {
    // From the cache of this process, from Redis, or renewed: by one process for all.
    const { fromCache } = await app.acquireTokenSilent({ account, scopes });
    const source = fromCache ? "the cache" : "the identity provider";
    const name = escape(account.name ?? account.username);
    return page(
      response,
      200,
      `<p>Hello ${name}, with a token from ${source}.</p>
       <form method="post" action="/sign-out"><button>Sign out</button></form>`,
    );
  } catch (error) {
    if (error instanceof InteractionRequiredAuthError) return redirect(response, "/sign-in");
    throw error;
  }
}

/** @param {Outgoing} response */
async function signIn(response) {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri });
  // Another process will get the answer, so the session keeps what the answer must match.
  await newSession(response, { flow });
  return redirect(response, flow.authUrl);
}

/**
 * @param {URL} url
 * @param {Outgoing} response
 * @param {{ readonly id: string, readonly session: Session }} current
 */
async function callback(url, response, { id, session: { flow } }) {
  // Whoever removes the session completes the sign-in: it is completed once, whichever process is asked.
  if (!flow || (await client.del(keyOf(id))) === 0) return redirect(response, "/");
  try {
    const { account } = await app.acquireTokenByAuthCodeFlow(flow, url.searchParams);
    await newSession(response, { homeAccountId: account?.homeAccountId });
    return redirect(response, "/");
  } catch (error) {
    if (error instanceof AuthError && error.errorCode === "access_denied") return redirect(response, "/");
    throw error;
  }
}

/**
 * @param {Outgoing} response
 * @param {{ readonly id: string, readonly session: Session }} current
 */
async function signOut(response, { id, session: { homeAccountId } }) {
  await client.del(keyOf(id));
  const account = homeAccountId === undefined ? null : await app.getAccountByHomeId(homeAccountId);
  let url = "/";
  if (account) {
    url = await app.buildEndSessionUrl({ account, postLogoutRedirectUri: origin }).catch(() => "/");
    await app.signOut({ account });
  }
  return redirect(response, url);
}

/**
 * @param {Outgoing} response
 * @param {Session} session
 */
async function newSession(response, session) {
  const id = randomBytes(32).toString("base64url");
  const expiration = /** @type {const} */ ({ type: "EX", value: SESSION_SECONDS });
  await client.set(keyOf(id), JSON.stringify(session), { expiration });
  // On a site with https, add `Secure`.
  response.setHeader("set-cookie", `session=${id}; Path=/; HttpOnly; SameSite=Lax`);
}

/**
 * @param {string} id
 * @returns {Promise<Session>}
 */
async function readSession(id) {
  return JSON.parse((id && (await client.get(keyOf(id)))) || "{}");
}

/** @param {string} id */
function keyOf(id) {
  return `session:${id}`;
}

/** @param {Incoming} request */
function sessionId(request) {
  return /(?:^|; )session=([^;]*)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
}

/**
 * @param {Outgoing} response
 * @param {number} status
 * @param {string} html
 */
function page(response, status, html) {
  response.writeHead(status, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
  response.end(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Web farm</title>
     <main><p>Process ${environment.PROCESS}:</p> ${html}</main></html>`,
  );
}

/**
 * @param {Outgoing} response
 * @param {string} location
 */
function redirect(response, location) {
  response.writeHead(302, { location, "cache-control": "no-store" }).end();
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
