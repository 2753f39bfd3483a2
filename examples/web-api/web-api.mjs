// @ts-check
// A web API that validates the token it is called with, and calls another API on behalf of the user.
//
//   node web-api.mjs                against a local authority that it starts itself; calls itself, then waits for calls
//   node web-api.mjs --once         the same, and stops when it has called itself
//
//   TENANT=… CLIENT_ID=… CLIENT_SECRET=… SCOPE=… DOWNSTREAM=https://… PORT=3000 node web-api.mjs
//                                   against Microsoft Entra; TENANT is the GUID, as it stands in the issuer of
//                                   the tokens; SCOPE and DOWNSTREAM are those of the other API
import { once } from "node:events";
import { createServer } from "node:http";
import {
  AuthError,
  ConfidentialClientApplication,
  createAuthenticatedFetch,
  InteractionRequiredAuthError,
} from "@tessera/node";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

/** @typedef {import("node:http").IncomingMessage} Incoming */
/** @typedef {import("node:http").ServerResponse} Outgoing */

const setup = process.env.CLIENT_ID ? fromEnvironment() : await withLocalAuthority();
const { configuration, issuer, audience, downstream, stop } = setup;
// One application object for all callers: it holds the cache, by the hash of each caller's token.
const app = new ConfidentialClientApplication(configuration);
const keys = createRemoteJWKSet(new URL(setup.jwksUri));

const server = createServer((request, response) => {
  handle(request, response).catch((error) => refuse(response, error));
});
server.listen(Number(process.env.PORT ?? 0), "localhost");
await once(server, "listening");
const address = server.address();
const origin = `http://localhost:${typeof address === "object" ? address?.port : ""}`;
console.log(`the API listens at ${origin}/orders`);

if (setup.userToken) {
  const token = await setup.userToken();
  await demonstrate("without a token", {});
  await demonstrate("with a token that is none", { authorization: "Bearer no.token.atall" });
  await demonstrate("with Alice's token", { authorization: `Bearer ${token}` });
  await demonstrate("with the same again", { authorization: `Bearer ${token}` });
  if (process.argv.includes("--once")) {
    server.close();
    server.closeAllConnections();
    await stop();
  }
}

/**
 * @param {Incoming} request
 * @param {Outgoing} response
 */
async function handle(request, response) {
  const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (!token) return void response.writeHead(401, { "www-authenticate": "Bearer" }).end();
  // Signature, issuer, audience and lifetime; then that it is a user's, and what the user lets the caller do.
  const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms: ["RS256"] });
  if (
    !String(payload["scp"] ?? "")
      .split(" ")
      .includes("access")
  ) {
    return void response.writeHead(403, { "www-authenticate": 'Bearer error="insufficient_scope"' }).end();
  }
  // One exchange for each caller's token; later calls take it from the cache.
  const call = createAuthenticatedFetch(app, { scopes: downstream.scopes, oboAssertion: token });
  const answer = await call(downstream.url);
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ caller: payload["name"], downstream: await answer.json() }));
}

/**
 * @param {Outgoing} response
 * @param {unknown} error
 */
function refuse(response, error) {
  if (error instanceof errors.JOSEError) {
    return void response.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end();
  }
  if (error instanceof InteractionRequiredAuthError) {
    // Only the caller can ask the user: it signs in again with these claims, and calls with the new token.
    const claims = Buffer.from(error.claims || "{}").toString("base64");
    const challenge = `Bearer error="insufficient_claims", claims="${claims}"`;
    return void response.writeHead(401, { "www-authenticate": challenge }).end();
  }
  console.error(error instanceof AuthError ? `${error.errorCode}: ${error.errorMessage}` : error);
  response.writeHead(502).end();
}

/**
 * @param {string} what
 * @param {Record<string, string>} headers
 */
async function demonstrate(what, headers) {
  const before = setup.tokenRequests();
  const response = await fetch(`${origin}/orders`, { headers });
  const body = await response.text();
  const requests = setup.tokenRequests() - before;
  console.log(`${what}: HTTP ${response.status} ${body} (${requests} token requests)`);
}

function fromEnvironment() {
  const { TENANT = "common", CLIENT_ID = "", CLIENT_SECRET, SCOPE = "User.Read", DOWNSTREAM } = process.env;
  const authority = `https://login.microsoftonline.com/${TENANT}`;
  return {
    configuration: { auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authority } },
    issuer: `${authority}/v2.0`,
    audience: CLIENT_ID,
    jwksUri: `${authority}/discovery/v2.0/keys`,
    downstream: { scopes: [SCOPE], url: DOWNSTREAM ?? "https://graph.microsoft.com/v1.0/me" },
    userToken: undefined,
    tokenRequests: () => 0,
    stop: async () => {},
  };
}

async function withLocalAuthority() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  const apps = [
    { clientId: "orders", name: "Orders", identifierUri: "api://orders", clientSecret: "orders-secret" },
    { clientId: "payments", name: "Payments", identifierUri: "api://payments" },
  ];
  const authority = await startLocalAuthority({ http: true, tenants: [{ domain: "contoso.example", apps }] });
  const [tenant] = authority.config.tenants;
  const jwksUri = `${authority.authorityUrl()}/discovery/v2.0/keys`;
  const payments = await startPayments({ issuer: authority.issuer(), jwksUri });
  return {
    configuration: {
      auth: { clientId: "orders", clientSecret: "orders-secret", authority: authority.authorityUrl() },
      system: { proxy: /** @type {const} */ (false) },
    },
    issuer: authority.issuer(),
    audience: "orders",
    jwksUri,
    downstream: { scopes: ["api://payments/Pay"], url: payments.url },
    /** What a front end would get by a sign-in. The password grant serves here because nobody sits at the screen. */
    userToken: async () => {
      const desktop = tenant?.apps.find(({ name }) => name.endsWith("Desktop"));
      const { username = "", password = "" } = tenant?.users[0] ?? {};
      const form = { client_id: desktop?.clientId ?? "", username, password, scope: "api://orders/access" };
      const response = await fetch(`${authority.authorityUrl()}/oauth2/v2.0/token`, {
        method: "POST",
        body: new URLSearchParams({ grant_type: "password", ...form }),
      });
      return /** @type {{ access_token: string }} */ (await response.json()).access_token;
    },
    tokenRequests: () => authority.requests.filter(({ endpoint }) => endpoint === "token").length,
    stop: async () => {
      await payments.close();
      await authority.close();
    },
  };
}

/**
 * The other API: it takes tokens for itself only, and tells whose they are and who brought them.
 *
 * @param {{ issuer: string, jwksUri: string }} trusted
 */
async function startPayments({ issuer, jwksUri }) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const payments = createServer((request, response) => {
    const token = request.headers.authorization?.replace(/^Bearer /, "") ?? "";
    jwtVerify(token, keys, { issuer, audience: "payments", algorithms: ["RS256"] }).then(
      ({ payload }) => response.end(JSON.stringify({ user: payload["name"], calledBy: payload["azp"] })),
      () => response.writeHead(401).end("{}"),
    );
  });
  payments.listen(0, "localhost");
  await once(payments, "listening");
  const address = payments.address();
  return {
    url: `http://localhost:${typeof address === "object" ? address?.port : ""}/`,
    close: async () => {
      payments.close();
      payments.closeAllConnections();
    },
  };
}
