// Express 5 and Fastify 5: a request that is refused does not reach its route, one that is not has its caller, whose user the
// API acts for at another API.
// proves: web/src/guard/express.ts, web/src/guard/fastify.ts, web/src/guard/node-adapter.ts, web/src/guard/caller-token.ts
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { ConfidentialClientApplication } from "@tessera/node";
import { createApiGuard, type ApiGuard, type ApiGuardOptions, type Caller } from "@tessera/web";
import express from "express";
import fastify from "fastify";
import { Agent, fetch as send } from "undici";
import { makeCertificate } from "../../support/certificates.js";
import { BASE, guardedApi, keySet, outcome } from "../../support/guarded-api.js";
import { createHash, X509Certificate } from "node:crypto";

let authority: LocalAuthority;
beforeAll(async () => {
  const apps = [
    { clientId: "orders", identifierUri: "api://orders", clientSecret: "orders-secret" },
    { clientId: "payments", identifierUri: "api://payments" },
    { clientId: "vault", identifierUri: "api://vault" },
  ];
  authority = await startLocalAuthority({
    http: true,
    tenants: [{ domain: "contoso.example", apps }],
    conditionalAccess: [{ resource: "api://vault" }],
  });
});
afterAll(() => authority.close());

async function tokenOf(scope: string): Promise<string> {
  const [tenant] = authority.config.tenants;
  const desktop = tenant?.apps.find(({ name }) => name.endsWith("Desktop"));
  const { username = "", password = "" } = tenant?.users[0] ?? {};
  const form = { grant_type: "password", client_id: desktop?.clientId ?? "", username, password, scope };
  const address = `${authority.authorityUrl()}/oauth2/v2.0/token`;
  const response = await fetch(address, { method: "POST", body: new URLSearchParams(form) });
  return ((await response.json()) as { access_token: string }).access_token;
}

const system = { proxy: false } as const;
function guardOf(baseUrl: string, over: Partial<ApiGuardOptions> = {}): ApiGuard {
  const app = new ConfidentialClientApplication({
    auth: { clientId: "orders", clientSecret: "orders-secret", authority: authority.authorityUrl() },
    system,
  });
  return createApiGuard({
    baseUrl,
    authority: authority.authorityUrl(),
    audience: "orders",
    app,
    system,
    ...over,
  });
}

/** What a route answers, whatever the framework. */
async function answerOf(caller: Caller | undefined): Promise<object> {
  const { accessToken, response } = (await caller?.token({ scopes: ["api://payments/Pay"] })) ?? {};
  const payload = accessToken?.split(".")[1] ?? "";
  const { aud, azp } = JSON.parse(Buffer.from(payload, "base64url").toString() || "{}") as Record<
    string,
    unknown
  >;
  return { kind: caller?.kind, downstream: [aud, azp], refused: response?.status };
}
const demands = { scopes: ["access"] };

const frameworks: Readonly<Record<string, () => Promise<{ origin: string; close(): Promise<unknown> }>>> = {
  async Express() {
    const app = express();
    const server = createServer(app).listen(0, "localhost");
    await once(server, "listening");
    const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    const router = express.Router();
    router.post("/orders", guardOf(origin).express(demands), express.json(), (request, response, next) => {
      const { caller, body } = request as typeof request & { caller: Caller; body: object };
      answerOf(caller).then((answer) => response.json({ ...answer, body }), next);
    });
    app.use("/v1", router);
    app.use(guardOf(origin).express());
    app.get("/all", (request, response) => void response.json({ seen: "caller" in request }));
    return {
      origin,
      close: async () => {
        server.closeAllConnections();
        server.close();
      },
    };
  },
  async Fastify() {
    const server = fastify();
    // The address is not known before.
    const hook: ReturnType<ApiGuard["fastify"]> = (request, reply) => guard.fastify(demands)(request, reply);
    await server.register(guardOf("http://localhost").fastifyMetadata());
    server.post("/v1/orders", { onRequest: hook }, async (request) => {
      const { caller } = request as typeof request & { caller: Caller };
      return { ...(await answerOf(caller)), body: request.body };
    });
    server.get("/all", { onRequest: hook }, async (request) => ({ seen: "caller" in request }));
    const origin = await server.listen({ host: "localhost", port: 0 });
    const guard = guardOf(origin);
    return { origin, close: () => server.close() };
  },
};

describe.each(Object.entries(frameworks))("%s", (_, start) => {
  let origin: string;
  let close: () => Promise<unknown>;
  beforeAll(async () => {
    ({ origin, close } = await start());
  });
  afterAll(() => close());
  const post = (authorization?: string) =>
    fetch(`${origin}/v1/orders`, {
      method: "POST",
      body: JSON.stringify({ item: 7 }),
      headers: { "content-type": "application/json", ...(authorization ? { authorization } : {}) },
    });

  test("refuses without a token and with another API's, and says where to ask", async () => {
    for (const token of [undefined, `Bearer ${await tokenOf("api://payments/Pay")}`]) {
      const response = await post(token);
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("/.well-known/oauth-protected-resource");
    }
    const other = await post(`Bearer ${await tokenOf("api://orders/Other")}`);
    expect([other.status, await other.json()]).toEqual([
      403,
      expect.objectContaining({ error: "insufficient_scope" }),
    ]);
    expect((await fetch(`${origin}/all`)).status).toBe(401);
  });

  test("has the caller, with the body of the request, and acts on behalf of the user", async () => {
    const token = await tokenOf("api://orders/access");
    const response = await post(`Bearer ${token}`);
    expect(await response.json()).toEqual({
      kind: "user",
      downstream: ["payments", "orders"],
      body: { item: 7 },
    });
    const all = await fetch(`${origin}/all`, { headers: { authorization: `Bearer ${token}` } });
    expect(await all.json()).toEqual({ seen: true });
  });

  test("serves the metadata of the API without a token", async () => {
    const response = await fetch(`${origin}/.well-known/oauth-protected-resource`);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({ authorization_servers: [authority.issuer()] });
  });
});

describe("on behalf of the caller", () => {
  const callerWith = async (authorization: string, over?: Partial<ApiGuardOptions>): Promise<Caller> => {
    const checked = await guardOf(BASE, over).check(new Request(BASE, { headers: { authorization } }));
    if (!checked.caller) throw new Error(checked.reason);
    return checked.caller;
  };

  test("the user has to act first: the response has the claims for the client, and nothing is thrown", async () => {
    const caller = await callerWith(`Bearer ${await tokenOf("api://orders/access")}`);
    const { response, accessToken, reason } = await caller.token({ scopes: ["api://vault/Read"] });
    expect(accessToken).toBeUndefined();
    expect(response?.status).toBe(401);
    const header = response?.headers.get("www-authenticate") ?? "";
    expect(header).toMatch(/error="insufficient_claims"/);
    const claims = /claims="([^"]+)"/.exec(header)?.[1] ?? "";
    expect(JSON.parse(Buffer.from(claims, "base64").toString())).toHaveProperty("access_token");
    expect(reason).toMatch(/AADSTS50076/);
  });

  test("equal calls share one exchange", async () => {
    const caller = await callerWith(`Bearer ${await tokenOf("api://orders/access")}`);
    const exchanges = () => authority.requests.filter(({ endpoint }) => endpoint === "token").length;
    const before = exchanges();
    const [first, second] = await Promise.all(
      [0, 1].map(() => caller.token({ scopes: ["api://payments/Pay"] })),
    );
    expect(first?.accessToken).toBe(second?.accessToken);
    expect(exchanges() - before).toBe(1);
  });

  test("another failure is thrown, and so is a missing registration", async () => {
    const token = `Bearer ${await tokenOf("api://orders/access")}`;
    const without = await callerWith(token, { app: undefined as never });
    await expect(without.token({ scopes: ["api://payments/Pay"] })).rejects.toMatchObject({
      errorCode: "invalid_option",
    });
    const caller = await callerWith(token);
    await expect(caller.token({ scopes: [] })).rejects.toMatchObject({
      name: expect.stringContaining("Error"),
    });
  });

  test("an app that calls for itself has nobody to act for", async () => {
    const app = new ConfidentialClientApplication({
      auth: { clientId: "orders", clientSecret: "orders-secret", authority: authority.authorityUrl() },
      system,
    });
    const { accessToken } = await app.acquireTokenByClientCredential({ scopes: ["api://orders/.default"] });
    const checked = await guardOf(BASE).check(
      new Request(BASE, { headers: { authorization: `Bearer ${accessToken}` } }),
    );
    // Nobody has granted the app a role.
    expect(outcome(checked)).toBe("403 insufficient_scope");
  });

  test("at another provider, the token is exchanged as RFC 8693 has it", async () => {
    const asked: object[] = [];
    const app = {
      acquireTokenOnBehalfOf: () => Promise.reject(new Error("not here")),
      introspect: () => Promise.reject(new Error("not here")),
      acquireTokenByTokenExchange: async (request: object) => {
        asked.push(request);
        return { accessToken: "other" };
      },
    };
    const issuer = "https://idp.example";
    const { call, token } = guardedApi({
      options: { issuer, app: app as never },
      script: {
        [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
        [`GET ${issuer}/keys`]: keySet(),
      },
      claims: { iss: issuer, sub: "user-1", client_id: "the-client", scope: "read" },
    });
    const good = token();
    const { caller } = await call(good);
    expect(await caller?.token({ scopes: ["pay"], audience: "payments" })).toEqual({ accessToken: "other" });
    expect(asked).toEqual([
      { scopes: ["pay"], subjectToken: good, subjectTokenType: "access_token", audience: "payments" },
    ]);
  });
});

test("in TLS, the certificate of the connection counts, and that of a header does not", async () => {
  const issuer = "https://idp.example";
  const [own, another] = [0, 1].map(() => makeCertificate({ subject: "client", keyType: "ec" }));
  const server = makeCertificate({ subject: "localhost", dnsNames: ["localhost"], keyType: "ec" });
  const x5t = createHash("sha256")
    .update(new X509Certificate(own?.certificatePem ?? "").raw)
    .digest("base64url");
  const api = guardedApi({
    options: { issuer },
    script: {
      [`GET ${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/keys` },
      [`GET ${issuer}/keys`]: keySet(),
    },
    claims: { iss: issuer, sub: "user-1", client_id: "the-client", scope: "read", cnf: { "x5t#S256": x5t } },
  });
  const app = express();
  app.use(api.guard.express());
  app.get("/", (_, response) => void response.json({}));
  const tls = createTlsServer(
    { cert: server.certificatePem, key: server.privateKeyPem, requestCert: true, rejectUnauthorized: false },
    app,
  ).listen(0, "localhost");
  await once(tls, "listening");
  const url = `https://localhost:${(tls.address() as AddressInfo).port}/`;
  const status = async (made: typeof own | undefined): Promise<number> => {
    const identity = made && { cert: made.certificatePem, key: made.privateKeyPem };
    const dispatcher = new Agent({ connect: { ca: server.certificatePem, ...identity } });
    const headers = {
      authorization: `Bearer ${api.token()}`,
      "client-cert": own?.certificatePem.replace(/\s/g, "") ?? "",
    };
    const response = await send(url, { dispatcher, headers });
    await response.body?.cancel();
    await dispatcher.close();
    return response.status;
  };
  try {
    expect([await status(own), await status(another), await status(undefined)]).toEqual([200, 401, 401]);
  } finally {
    tls.closeAllConnections();
    tls.close();
    await once(tls, "close");
  }
});
