/*
 * A soak, run by hand: node --expose-gc test/bench/soak.mjs [calls] [assertions]
 *
 * Ten million on-behalf-of calls over a million distinct assertions whose tokens live an hour, on one client. Time is
 * simulated: an assertion arrives every ten milliseconds and is used ten times while a thousand others are in use. Prints the
 * heap as it goes; what has to be seen is that it stops growing.
 */
import { ConfidentialClientApplication } from "@tessera/node";

const calls = Number(process.argv[2] ?? 10_000_000);
const assertions = Number(process.argv[3] ?? 1_000_000);
const CALLS_EACH = Math.max(1, Math.round(calls / assertions));
const WINDOW = 1000;
const ARRIVAL_MS = 10;
const LIFETIME = 3600;

const tenantId = "20000000-0000-4000-8000-00000000c0de";
const clientId = "30000000-0000-4000-8000-00000000ca11";
let now = Date.UTC(2030, 0, 1);
let requests = 0;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const filler = "x".repeat(900);

const networkClient = {
  sendGetRequestAsync: async () => ({ status: 404, headers: {}, body: {} }),
  sendPostRequestAsync: async (_url, { body }) => {
    requests += 1;
    const assertion = new URLSearchParams(body).get("assertion");
    const uid = `user-${assertion}`;
    const seconds = Math.floor(now / 1000);
    const claims = {
      iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      aud: clientId,
      sub: uid,
      oid: uid,
      tid: tenantId,
      preferred_username: `${uid}@example.test`,
      iat: seconds,
      exp: seconds + LIFETIME,
    };
    return {
      status: 200,
      headers: {},
      body: {
        token_type: "Bearer",
        access_token: `${assertion}.${filler}`,
        expires_in: LIFETIME,
        scope: "api://downstream/read",
        id_token: `${encode({ alg: "none" })}.${encode(claims)}.${filler.slice(0, 340)}`,
        client_info: encode({ uid, utid: tenantId }),
      },
    };
  },
};

const app = new ConfidentialClientApplication({
  auth: { clientId, clientSecret: "soak", authority: `https://login.microsoftonline.com/${tenantId}` },
  system: { networkClient, clock: { now: () => now } },
});

const scopes = ["api://downstream/read"];
const active = [];
const started = performance.now();
const report = Math.max(1, Math.floor(assertions / 20));
console.log("assertions      calls   requests  partitions      heap MB   rss MB      s");
for (let n = 1; n <= assertions; n += 1) {
  now += ARRIVAL_MS;
  active.push(`assertion-${n}`);
  if (active.length > WINDOW) active.shift();
  for (let k = 0; k < CALLS_EACH; k += 1) {
    const oboAssertion = k === 0 ? `assertion-${n}` : active[(n * 7 + k * 131) % active.length];
    await app.acquireTokenOnBehalfOf({ scopes, oboAssertion });
  }
  if (n % report === 0) {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    const { partitions } = app.getTokenCache().stats();
    const row = [
      n,
      n * CALLS_EACH,
      requests,
      partitions.assertions,
      (heapUsed / 1e6).toFixed(0),
      (rss / 1e6).toFixed(0),
    ];
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    console.log([...row, seconds].map((cell) => String(cell).padStart(10)).join(" "));
  }
}
console.log(JSON.stringify(app.getTokenCache().stats()));
