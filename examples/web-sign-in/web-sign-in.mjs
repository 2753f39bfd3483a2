// @ts-check
// A website that signs users in (authorization code with PKCE, OpenID Connect Core §3.1), on node:http alone.
//
//   node web-sign-in.mjs            against a local authority that it starts itself; prints who can sign in
//   node web-sign-in.mjs --once     the same, and stops after the first user has signed in and out
//
//   TENANT=… CLIENT_ID=… CLIENT_SECRET=… PORT=3000 node web-sign-in.mjs
//                                   against Microsoft Entra; register http://localhost:3000/callback as redirect URI
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { AuthError, ConfidentialClientApplication, InteractionRequiredAuthError } from "@tessera/node";

/**
 * What is kept between two requests of one browser; in memory, so a restart signs everybody out.
 *
 * @typedef {object} Session
 * @property {import("@tessera/node").AuthCodeFlow} [flow] a sign-in that is under way
 * @property {import("@tessera/node").AccountInfo} [account] who has signed in
 */
/** @typedef {import("node:http").IncomingMessage} Incoming */
/** @typedef {import("node:http").ServerResponse} Outgoing */

const scopes = ["User.Read"];
const { configuration, hint, stop } = process.env.CLIENT_ID ? fromEnvironment() : await withLocalAuthority();
// One application object for all users: it holds the cache.
const app = new ConfidentialClientApplication(configuration);
/** @type {Map<string, Session>} */
const sessions = new Map();
let hasSignedOut = false;

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    if (!(error instanceof AuthError)) console.error(error);
    const reason = error instanceof AuthError ? error.errorCode : "internal error";
    page(response, 500, `<h1>That did not work</h1><p>${escape(reason)}</p><p><a href="/">Back</a>`);
  });
});
server.listen(Number(process.env.PORT ?? 0), "localhost");
await once(server, "listening");
const address = server.address();
const origin = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
const redirectUri = `${origin}/callback`;
console.log(`open ${origin}${hint}`);

/**
 * @param {Incoming} request
 * @param {Outgoing} response
 */
async function handle(request, response) {
  const url = new URL(request.url ?? "/", origin);
  const session = sessions.get(sessionId(request)) ?? {};
  switch (`${request.method} ${url.pathname}`) {
    case "GET /":
      return home(response, session);
    case "GET /sign-in":
      return signIn(response);
    case "GET /callback":
      return callback(url, request, response, session);
    case "POST /sign-out":
      return signOut(request, response, session);
    default:
      return page(response, 404, "<h1>Not found</h1>");
  }
}

/**
 * The token for the API comes from the cache, or is renewed without asking the user.
 *
 * @param {Outgoing} response
 * @param {Session} session
 */
async function home(response, { account }) {
  // The provider has sent the browser back.
  if (hasSignedOut && process.argv.includes("--once")) response.once("finish", () => void end());
  if (!account) return page(response, 200, '<h1>Welcome</h1><p><a href="/sign-in">Sign in</a>');
  try {
    const { fromCache, expiresOn } = await app.acquireTokenSilent({ account, scopes });
    const source = fromCache ? "from the cache" : "renewed";
    return page(
      response,
      200,
      `<h1>Hello ${escape(account.name ?? account.username)}</h1>
       <p>Token for ${scopes.join(" ")}: ${source}, until ${expiresOn?.toISOString()}.
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
  // The session keeps what the answer must match: without it, anyone's code could be brought to the callback.
  newSession(response).flow = flow;
  return redirect(response, flow.authUrl);
}

/**
 * @param {URL} url
 * @param {Incoming} request
 * @param {Outgoing} response
 * @param {Session} session
 */
async function callback(url, request, response, { flow }) {
  if (!flow) return redirect(response, "/");
  sessions.delete(sessionId(request));
  try {
    const { account } = await app.acquireTokenByAuthCodeFlow(flow, url.searchParams);
    // A new session id for a signed-in user: one that was planted before is worth nothing now.
    newSession(response).account = account ?? undefined;
    console.log(`${account?.username} has signed in`);
    return redirect(response, "/");
  } catch (error) {
    const code = error instanceof AuthError ? error.errorCode : "";
    // The user has cancelled.
    if (code === "access_denied") return redirect(response, "/");
    if (code !== "state_mismatch" && code !== "invalid_state") throw error;
    const again = '<a href="/sign-in">Sign in again</a>';
    return page(response, 400, `<h1>This sign-in is out of date</h1><p>${escape(code)}</p><p>${again}</p>`);
  }
}

/**
 * @param {Incoming} request
 * @param {Outgoing} response
 * @param {Session} session
 */
async function signOut(request, response, { account }) {
  let url = "/";
  if (account) {
    // Without this, the next sign-in would ask for no password. Whatever goes wrong there, the user signs out here.
    url = await app.buildEndSessionUrl({ account, postLogoutRedirectUri: origin }).catch(() => "/");
    await app.signOut({ account });
  }
  sessions.delete(sessionId(request));
  redirect(response, url);
  console.log(`${account?.username ?? "nobody"} has signed out`);
  hasSignedOut = account !== undefined;
}

async function end() {
  server.close();
  server.closeAllConnections();
  await stop();
}

/** @param {Outgoing} response */
function newSession(response) {
  const id = randomBytes(32).toString("base64url");
  /** @type {Session} */
  const session = {};
  sessions.set(id, session);
  // On a site with https, add `Secure`.
  response.setHeader("set-cookie", `session=${id}; Path=/; HttpOnly; SameSite=Lax`);
  return session;
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
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Web sign-in</title><main>${html}</main></html>`,
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

function fromEnvironment() {
  const { TENANT, AUTHORITY, CLIENT_ID, CLIENT_SECRET } = process.env;
  const authority = AUTHORITY ?? `https://login.microsoftonline.com/${TENANT ?? "common"}`;
  return {
    configuration: { auth: { clientId: CLIENT_ID ?? "", clientSecret: CLIENT_SECRET, authority } },
    hint: "",
    stop: async () => {},
  };
}

async function withLocalAuthority() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  // Plain HTTP, because a browser would warn of a certificate that it does not know.
  const authority = await startLocalAuthority({ http: true });
  const [tenant] = authority.config.tenants;
  const web = tenant?.apps.find(({ name }) => name.endsWith("Web"));
  const user = tenant?.users[0];
  return {
    configuration: {
      auth: {
        clientId: web?.clientId ?? "",
        clientSecret: web?.clientSecret,
        authority: authority.authorityUrl(),
      },
      system: { proxy: /** @type {const} */ (false) },
    },
    hint: ` and sign in as ${user?.username} with the password ${user?.password}`,
    stop: authority.close,
  };
}
