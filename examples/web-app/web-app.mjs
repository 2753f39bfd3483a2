// @ts-check
// A website on Express: sign-in (authorization code with PKCE), a session, a token for an API, sign-out.
//
//   node web-app.mjs                against a local authority that it starts itself; prints who can sign in
//   node web-app.mjs --once         the same, and stops after the first user has signed in and out
//
//   TENANT=… CLIENT_ID=… CLIENT_SECRET=… PORT=3000 node web-app.mjs
//                                   against Microsoft Entra; register http://localhost:3000/callback as redirect URI
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { AuthError, ConfidentialClientApplication, InteractionRequiredAuthError } from "@tessera/node";
import express from "express";
import session from "express-session";

/**
 * What the session of a browser keeps. Tokens stay in the application's cache.
 *
 * @typedef {object} Kept
 * @property {import("@tessera/node").AuthCodeFlow} [flow] a sign-in that is under way
 * @property {string} [homeAccountId] who has signed in
 */

const scopes = ["User.Read"];
const { configuration, hint, stop } = process.env.CLIENT_ID ? fromEnvironment() : await withLocalAuthority();
// One application object for all users: it holds the cache.
const app = new ConfidentialClientApplication(configuration);

const site = express();
site.use(
  session({
    name: "session",
    secret: process.env.SESSION_SECRET ?? randomBytes(32).toString("hex"),
    resave: false,
    saveUninitialized: false,
    // On a site with https, add `secure: true`. In production, give a `store`.
    cookie: { httpOnly: true, sameSite: "lax" },
  }),
);

let hasSignedOut = false;

site.get("/", async (request, response) => {
  const account = await accountOf(request);
  // The provider has sent the browser back.
  if (hasSignedOut && process.argv.includes("--once")) response.once("close", () => void end());
  if (!account) return void response.send(page('<h1>Welcome</h1><p><a href="/sign-in">Sign in</a>'));
  try {
    // From the cache, or renewed without asking the user.
    const { fromCache, expiresOn } = await app.acquireTokenSilent({ account, scopes });
    const source = fromCache ? "from the cache" : "renewed";
    response.send(
      page(
        `<h1>Hello ${escape(account.name ?? account.username)}</h1>
         <p>Token for ${scopes.join(" ")}: ${source}, until ${expiresOn?.toISOString()}.
         <form method="post" action="/sign-out"><button>Sign out</button></form>`,
      ),
    );
  } catch (error) {
    if (!(error instanceof InteractionRequiredAuthError)) throw error;
    // The claims say what the identity provider wants to see this time.
    await signIn(request, response, error.claims ? { claims: error.claims } : {});
  }
});

site.get("/sign-in", (request, response) => signIn(request, response));

site.get("/callback", async (request, response) => {
  const { flow } = kept(request);
  if (!flow) return response.redirect("/");
  delete kept(request).flow;
  const account = await signedIn(flow, request, response);
  if (!account) return;
  // A new session id for a signed-in user: one that was planted before is worth nothing now.
  await new Promise((resolve, reject) => {
    request.session.regenerate((error) => (error ? reject(error) : resolve(undefined)));
  });
  kept(request).homeAccountId = account.homeAccountId;
  console.log(`${account.username} has signed in`);
  response.redirect("/");
});

site.post("/sign-out", async (request, response) => {
  const account = await accountOf(request);
  let url = "/";
  if (account) {
    // Without this, the next sign-in would ask for no password. Whatever goes wrong there, the user signs out here.
    url = await app.buildEndSessionUrl({ account, postLogoutRedirectUri: origin }).catch(() => "/");
    await app.signOut({ account });
  }
  request.session.destroy(() => {
    response.redirect(url);
    console.log(`${account?.username ?? "nobody"} has signed out`);
    hasSignedOut = account !== null;
  });
});

/** @type {import("express").ErrorRequestHandler} */
// Express knows an error handler by its four parameters.
// eslint-disable-next-line no-unused-vars
const showError = (error, _request, response, _next) => {
  if (!(error instanceof AuthError)) console.error(error);
  const reason = error instanceof AuthError ? error.errorCode : "internal error";
  return void response
    .status(500)
    .send(page(`<h1>That did not work</h1><p>${escape(reason)}</p><p><a href="/">Back</a>`));
};
site.use(showError);

const server = site.listen(Number(process.env.PORT ?? 0), "localhost");
await once(server, "listening");
const address = server.address();
const origin = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
console.log(`open ${origin}${hint}`);

/**
 * @param {import("express").Request} request
 * @param {import("express").Response} response
 * @param {{ claims?: string }} [options]
 */
async function signIn(request, response, options = {}) {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: `${origin}/callback`, ...options });
  // The session keeps what the answer must match: without it, anyone's code could be brought to the callback.
  kept(request).flow = flow;
  response.redirect(flow.authUrl);
}

/**
 * Who has signed in. A user who has cancelled goes back to the start, and whoever brings another sign-in's answer begins
 * again.
 *
 * @param {import("@tessera/node").AuthCodeFlow} flow
 * @param {import("express").Request} request
 * @param {import("express").Response} response
 */
async function signedIn(flow, request, response) {
  try {
    const { account } = await app.acquireTokenByAuthCodeFlow(flow, request.query);
    return account;
  } catch (error) {
    const code = error instanceof AuthError ? error.errorCode : "";
    if (code === "access_denied") response.redirect("/");
    else if (code === "state_mismatch" || code === "invalid_state")
      response.status(400).send(outOfDate(code));
    else throw error;
    return null;
  }
}

/** @param {string} code */
function outOfDate(code) {
  return page(
    `<h1>This sign-in is out of date</h1><p>${escape(code)}</p><p><a href="/sign-in">Sign in again</a></p>`,
  );
}

/** @param {import("express").Request} request */
async function accountOf(request) {
  const { homeAccountId } = kept(request);
  return homeAccountId === undefined ? null : app.getAccountByHomeId(homeAccountId);
}

/** @param {import("express").Request} request */
function kept(request) {
  return /** @type {Kept} */ (/** @type {unknown} */ (request.session));
}

async function end() {
  server.close();
  server.closeAllConnections();
  await stop();
}

/** @param {string} html */
function page(html) {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Web app</title><main>${html}</main></html>`;
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
