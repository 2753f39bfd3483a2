// @ts-check
// A website that signs users in, on node:http alone.
//
//   node web-sign-in.mjs            against a local authority that it starts itself; prints who can sign in
//   node web-sign-in.mjs --once     the same, and stops after the first user has signed in and out
//
//   TENANT=… CLIENT_ID=… CLIENT_SECRET=… SESSION_SECRET=… PORT=3000 node web-sign-in.mjs
//                                   against Microsoft Entra; register http://localhost:3000/auth/callback as redirect URI
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { ConfidentialClientApplication } from "@tessera/node";
import { createWebSignIn, requestOf, sendResponse } from "@tessera/web";

const scopes = ["User.Read"];
const { configuration, hint, stop } = process.env.CLIENT_ID ? fromEnvironment() : await withLocalAuthority();

const server = createServer((incoming, outgoing) => {
  answer(requestOf(incoming, baseUrl))
    .catch((error) => {
      console.error(error);
      return html("<h1>That did not work</h1>", 500);
    })
    .then((response) => sendResponse(response, outgoing))
    .catch(() => outgoing.destroy());
}).listen(Number(process.env.PORT ?? 0), "localhost");
await once(server, "listening");
const address = server.address();
const baseUrl = `http://localhost:${typeof address === "object" ? address?.port : ""}`;

const web = createWebSignIn({
  // One application object for all users: its cache holds the tokens.
  app: new ConfidentialClientApplication(configuration),
  baseUrl,
  scopes,
  session: { secrets: [process.env.SESSION_SECRET ?? randomBytes(32).toString("hex")] },
});
console.log(`open ${baseUrl}${hint}`);
let wasSignedIn = false;

/**
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function answer(request) {
  const own = await web.handle(request);
  if (own) return own;
  if (new URL(request.url).pathname !== "/") return html("<h1>Not found</h1>", 404);
  const user = await web.user(request);
  if (!user) {
    // The provider has sent the browser back.
    if (wasSignedIn && process.argv.includes("--once")) setImmediate(() => void end());
    return html('<h1>Welcome</h1><p><a href="/auth/sign-in">Sign in</a>');
  }
  wasSignedIn = true;
  // From the cache, or renewed without asking the user; otherwise the way to what the user has to do.
  const token = await web.token(request, { scopes });
  if (token.response) return token.response;
  const source = token.fromCache ? "from the cache" : "renewed";
  const response = html(
    `<h1>Hello ${escape(user.name || user.username)}</h1>
     <p>Token for ${scopes.join(" ")}: ${source}, until ${token.expiresOn?.toISOString()}.
     <form method="post" action="/auth/sign-out"><button>Sign out</button></form>`,
  );
  return web.renew(request, response);
}

async function end() {
  server.close();
  await stop();
}

/**
 * @param {string} content
 * @param {number} [status]
 */
function html(content, status = 200) {
  return new Response(
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>Web sign-in</title><main>${content}</main></html>`,
    { status, headers: { "content-type": "text/html; charset=utf-8" } },
  );
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
