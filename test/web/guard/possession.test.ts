// A token that is bound to a key is accepted only from the client that shows that it has the key, for this one request.
// proves: web/src/guard/possession.ts, web/src/guard/nonces.ts, web/src/guard/client-certificate.ts, web/src/guard/used-once.ts,
// core/src/dpop/verify-proof.ts
import { createHash, generateKeyPairSync, X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { createMemoryWebStore, type ApiGuardOptions, type WebStore } from "@tessera/web";
import { calculateJwkThumbprint, type JWK } from "jose";
import { makeCertificate } from "../../support/certificates.js";
import { sign } from "../../support/fake-provider.js";
import { BASE, guardedApi, keySet, outcome } from "../../support/guarded-api.js";

const issuer = "https://idp.example";
const api = (options: Partial<ApiGuardOptions> = {}) =>
  guardedApi({
    options: { issuer, ...options },
    script: {
      [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
      [`GET ${issuer}/keys`]: keySet(),
    },
    claims: { iss: issuer, sub: "user-1", client_id: "the-client", scope: "read" },
  });
type Api = ReturnType<typeof api>;

const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
const jwk = pair.publicKey.export({ format: "jwk" }) as JWK;
let jkt: string;
beforeAll(async () => {
  jkt = await calculateJwkThumbprint(jwk);
});
const hash = (text: string) => createHash("sha256").update(text).digest("base64url");
let count = 0;

interface Changes {
  readonly header?: object;
  readonly claims?: object;
  readonly key?: typeof pair.privateKey | Uint8Array;
}

function proof(
  { clock }: Api,
  token: string,
  { header, claims, key = pair.privateKey }: Changes = {},
): string {
  const good = {
    jti: `proof-${(count += 1)}`,
    htm: "GET",
    htu: `${BASE}/orders`,
    iat: Math.floor(clock.now() / 1000),
    ath: hash(token),
  };
  return sign({ ...good, ...claims }, { typ: "dpop+jwt", alg: "ES256", jwk, ...header }, key);
}

async function send(
  { guard }: Api,
  token: string,
  dpop: string | undefined,
  { scheme = "DPoP", url = `${BASE}/orders?page=2`, method = "GET" } = {},
) {
  const headers = { authorization: `${scheme} ${token}`, ...(dpop === undefined ? {} : { dpop }) };
  return guard.check(new Request(url, { headers, method }));
}

const bound = (one: Api) => one.token({ claims: { cnf: { jkt } } });

describe("DPoP", () => {
  test("a proof for the request is accepted, whatever the query and the origin that a proxy sees", async () => {
    const one = api();
    const token = bound(one);
    expect(outcome(await send(one, token, proof(one, token)))).toBe("user user-1");
    const inside = { url: "http://10.0.0.7:8080/orders" };
    expect(outcome(await send(one, token, proof(one, token), inside))).toBe("user user-1");
    const htu = "https://ORDERS.example:443/orders#part";
    expect(outcome(await send(one, token, proof(one, token, { claims: { htu } })))).toBe("user user-1");
  });

  test.each<[string, Changes, object?]>([
    ["another method", { claims: { htm: "POST" } }],
    ["another path", { claims: { htu: `${BASE}/payments` } }],
    ["another origin", { claims: { htu: "https://payments.example/orders" } }],
    ["another token", { claims: { ath: hash("another") } }],
    ["no token", { claims: { ath: undefined } }],
    ["no identifier", { claims: { jti: undefined } }],
    ["long ago", { claims: { iat: 1 } }],
    ["long ahead", { claims: { iat: 9_999_999_999 } }],
    ["no time", { claims: { iat: undefined } }],
    ["another type", { header: { typ: "JWT" } }],
    ["no algorithm", { header: { alg: "none" } }],
    ["a symmetric algorithm", { header: { alg: "HS256" }, key: new Uint8Array(32) }],
    ["a signature of another key", { key: other.privateKey }],
    ["another key", { header: { jwk: other.publicKey.export({ format: "jwk" }) }, key: other.privateKey }],
    ["a private key inside", { header: { jwk: pair.privateKey.export({ format: "jwk" }) } }],
    ["no key", { header: { jwk: undefined } }],
    ["critical extensions", { header: { crit: ["b64"] } }],
  ])("a proof with %s is refused", async (_, changes) => {
    const one = api();
    const token = bound(one);
    const checked = await send(one, token, proof(one, token, changes));
    expect(outcome(checked)).toBe("401 invalid_dpop_proof");
    expect(checked.response?.headers.get("www-authenticate")).toMatch(/^DPoP .*algs="ES256 /);
  });

  test("without a proof, with two, or as a bearer token: refused", async () => {
    const one = api();
    const token = bound(one);
    expect(outcome(await send(one, token, undefined))).toBe("401 invalid_dpop_proof");
    const two = `${proof(one, token)}, ${proof(one, token)}`;
    expect(outcome(await send(one, token, two))).toBe("401 invalid_dpop_proof");
    expect(outcome(await send(one, token, proof(one, token), { scheme: "Bearer" }))).toBe(
      "401 invalid_token",
    );
    const unbound = one.token();
    expect(outcome(await send(one, unbound, proof(one, unbound)))).toBe("401 invalid_token");
  });

  test.each<[string, () => WebStore | undefined]>([
    ["in one process", () => undefined],
    ["in all processes that share a store", () => createMemoryWebStore()],
    [
      "also with a store that cannot add",
      () => {
        const { add: _, ...store } = createMemoryWebStore();
        return store;
      },
    ],
  ])("a proof is accepted once, %s", async (_, storeOf) => {
    const store = storeOf();
    const processes = store ? [api({ store }), api({ store })] : [api()];
    const [first = api(), last = first] = processes;
    const token = bound(first);
    const dpop = proof(first, token);
    expect(outcome(await send(first, token, dpop))).toBe("user user-1");
    expect(outcome(await send(first, token, dpop))).toBe("401 invalid_dpop_proof");
    expect(outcome(await send(last, token, dpop))).toBe("401 invalid_dpop_proof");
    // Another key may have the same identifier.
    expect(outcome(await send(last, token, proof(last, token)))).toBe("user user-1");
  });

  test("a store that is away refuses", async () => {
    const failing = async () => Promise.reject(new Error("away"));
    const store = { ...createMemoryWebStore(), add: failing };
    const one = api({ store });
    const token = bound(one);
    expect(outcome(await send(one, token, proof(one, token)))).toMatch(/^(401|503)/);
  });

  test("a nonce of the server is asked for, and accepted from any process with the secret", async () => {
    const secrets = ["a".repeat(32), "b".repeat(32)];
    const [first, last] = [
      api({ dpop: { nonceSecrets: secrets } }),
      api({ dpop: { nonceSecrets: [...secrets].reverse() } }),
    ];
    const token = bound(first);
    const asked = await send(first, token, proof(first, token));
    expect(outcome(asked)).toBe("401 use_dpop_nonce");
    const nonce = asked.response?.headers.get("dpop-nonce");
    expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
    expect(outcome(await send(last, token, proof(last, token, { claims: { nonce } })))).toBe("user user-1");
    for (const wrong of ["", "x.y", `${nonce}0`, 7, null])
      expect(outcome(await send(first, token, proof(first, token, { claims: { nonce: wrong } })))).toBe(
        "401 use_dpop_nonce",
      );
    first.clock.advance(301);
    expect(outcome(await send(first, token, proof(first, token, { claims: { nonce } })))).toBe(
      "401 use_dpop_nonce",
    );
  });

  test("an API that requires it says so, and refuses what is not bound", async () => {
    const one = api({ dpop: { isRequired: true } });
    expect((await one.call(undefined)).response?.headers.get("www-authenticate")).toMatch(/^DPoP /);
    expect(outcome(await one.call(one.token()))).toBe("401 invalid_token");
    const document = await one.guard.handle(new Request(`${BASE}/.well-known/oauth-protected-resource`));
    expect(await document?.json()).toMatchObject({ dpop_bound_access_tokens_required: true });
    const two = api({ dpop: {} });
    expect((await two.call(undefined)).response?.headers.get("www-authenticate")).toMatch(
      /^Bearer .*, DPoP .*algs=/,
    );
  });
});

describe("a token that is bound to the client's certificate", () => {
  const made = () => makeCertificate({ subject: "client", keyType: "ec" }).certificatePem;
  const [own, another] = [made(), made()];
  const der = new X509Certificate(own).raw;
  const x5t = createHash("sha256").update(der).digest("base64url");
  const certified = (one: Api) => one.token({ claims: { cnf: { "x5t#S256": x5t } } });

  test.each<[string, string | Uint8Array | { raw?: Uint8Array }]>([
    ["PEM", own],
    ["DER", der],
    ["what getPeerCertificate returns", { raw: der }],
  ])("is accepted with it, as %s", async (_, clientCertificate) => {
    const one = api();
    expect(outcome(await one.call(certified(one), { clientCertificate }))).toBe("user user-1");
  });

  test("is refused without it, with another, and with what is none", async () => {
    const one = api();
    for (const clientCertificate of [undefined, another, "", "none", {}, new Uint8Array()])
      expect(outcome(await one.call(certified(one), { clientCertificate }))).toBe("401 invalid_token");
  });

  const pem = encodeURIComponent(own);
  test.each([
    ["client-cert", `:${der.toString("base64")}:`],
    ["x-forwarded-client-cert", pem],
    ["x-arr-clientcert", der.toString("base64")],
  ])("comes in the header %s only where that was configured", async (name, value) => {
    const headers = (one: Api) => ({ authorization: `Bearer ${certified(one)}`, [name]: value });
    const trusting = api({ clientCertificateHeader: name });
    const request = new Request(`${BASE}/orders`, { headers: headers(trusting) });
    expect(outcome(await trusting.guard.check(request))).toBe("user user-1");
    const wary = api();
    const forged = new Request(`${BASE}/orders`, { headers: headers(wary) });
    expect(outcome(await wary.guard.check(forged))).toBe("401 invalid_token");
  });

  test("and to a key as well: both are checked", async () => {
    const one = api();
    const token = one.token({ claims: { cnf: { jkt, "x5t#S256": x5t } } });
    const request = () =>
      new Request(`${BASE}/orders`, { headers: { authorization: `DPoP ${token}`, dpop: proof(one, token) } });
    expect(outcome(await one.guard.check(request(), { clientCertificate: own }))).toBe("user user-1");
    expect(outcome(await one.guard.check(request()))).toBe("401 invalid_token");
    expect(outcome(await one.call(token, { clientCertificate: own }))).toBe("401 invalid_token");
  });
});

test("a token that is bound in a way that is not known is not taken for a bearer token", async () => {
  const one = api();
  for (const cnf of [{ kid: "key" }, { jwk }, {}, "jkt", [], { jkt: 7 }])
    expect(outcome(await one.call(one.token({ claims: { cnf } })))).toBe("401 invalid_token");
});
