// The check of a request to an API, beside plain `jwtVerify` of jose and the middleware that APIs of Auth0 use. jose leaves the
// verification to a thread, so the time of all processors counts.
import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createApiGuard } from "@tessera/web";
import { auth } from "express-oauth2-jwt-bearer";
import { createLocalJWKSet, jwtVerify } from "jose";
import { measure, processorWatch } from "../measure.mjs";
import { faster } from "../table.mjs";

const audience = "https://orders.example";
/** More than the guard remembers, so that each is new again when its turn comes. */
const TOKENS = 5100;

export async function run({ seconds }) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const keys = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }] };
  const provider = await startProvider(keys);
  const issuer = provider.url;
  const tokens = Array.from({ length: TOKENS }, (_, i) => tokenOf(issuer, `user-${i}`, privateKey));
  const requests = tokens.map((token) => ({
    method: "GET",
    url: `${audience}/orders`,
    headers: new globalThis.Headers({ authorization: `Bearer ${token}` }),
  }));
  const api = createApiGuard({ baseUrl: audience, issuer, audience, system: { proxy: false } });
  const demands = { scopes: ["read"] };
  const check = async (i) => {
    const { caller, reason } = await api.check(requests[i % TOKENS], demands);
    if (!caller) throw new Error(reason);
  };
  const find = createLocalJWKSet(keys);
  const middleware = auth({
    issuer,
    audience,
    jwksUri: `${issuer}/keys`,
    tokenSigningAlg: "RS256",
    dpop: { enabled: false },
  });
  const through = (i) =>
    new Promise((resolve, reject) => {
      const authorization = `Bearer ${tokens[i % TOKENS]}`;
      const headers = { authorization, host: "orders.example" };
      const get = (name) => headers[name.toLowerCase()];
      const request = {
        headers,
        get,
        query: {},
        is: () => false,
        method: "GET",
        url: "/orders",
        protocol: "https",
      };
      middleware(request, {}, (error) => (error ? reject(error) : resolve()));
    });
  try {
    const found = await measure(
      {
        check,
        repeated: () => check(0),
        jose: (i) => jwtVerify(tokens[i % TOKENS], find, { issuer, audience }),
        middleware: through,
      },
      { seconds, watch: processorWatch },
    );
    const { jose, middleware: other } = found;
    return [
      faster("check of a token", {
        ...{ tessera: found.check.median, other: jose.median, against: "jwtVerify of jose" },
        wanted: { least: 0.9 },
      }),
      faster("  beside a middleware", {
        ...{ tessera: found.check.median, other: other.median, against: "express-oauth2-jwt-bearer" },
        wanted: { least: 1 },
      }),
      faster("  of a repeated token", {
        ...{ tessera: found.repeated.median, other: jose.median, against: "jwtVerify of jose" },
        wanted: { least: 10 },
      }),
    ];
  } finally {
    await provider.close();
  }
}

function tokenOf(issuer, sub, key) {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "RS256", kid: "one", typ: "at+jwt" };
  const claims = {
    iss: issuer,
    aud: audience,
    sub,
    client_id: "client",
    scope: "read write",
    iat: now,
    exp: now + 3600,
  };
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${input}.${sign("sha256", Buffer.from(input), key).toString("base64url")}`;
}

/** Publishes the keys. */
async function startProvider(keys) {
  const server = createServer(({ url }, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(url === "/keys" ? keys : { issuer, jwks_uri: `${issuer}/keys` }));
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const issuer = `http://localhost:${server.address().port}`;
  return {
    url: issuer,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
