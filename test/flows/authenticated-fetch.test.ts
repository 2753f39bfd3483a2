// A `fetch` that carries a token, and answers a claims challenge once (RFC 6750 §3; continuous access evaluation).
// proves: node/src/authenticated-fetch.ts, node/src/http/origin-bound-fetch.ts
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createAuthenticatedFetch, type ConfidentialClientApplication } from "@tessera/node";
import { decodeJwt } from "jose";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

interface Call {
  readonly method: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly token: string;
}

const scopes = ["https://graph.microsoft.com/.default"];
const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
const challenge = `Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString("base64")}"`;

let entra: Entra;
let app: ConfidentialClientApplication;
let api: Server;
let url: string;
const calls: Call[] = [];
/** How the API answers. */
let respond: (call: Call, response: ServerResponse, index: number) => void;

beforeAll(async () => {
  entra = await startEntra();
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    const call = { method: request.method ?? "", headers: request.headers, body, token };
    respond(call, response, calls.push(call));
  };
  api = createServer((request, response) => void handle(request, response).catch(() => undefined));
  api.listen(0, "localhost");
  await once(api, "listening");
  url = `http://localhost:${(api.address() as AddressInfo).port}/orders`;
});
afterAll(async () => {
  api.closeAllConnections();
  api.close();
  await entra.close();
});
beforeEach(() => {
  calls.length = 0;
  app = entra.confidential();
  entra.authority.clearRequests();
  respond = (_, response) => response.end("fine");
});

/** Demands claims of everybody's first token. */
const challengeOnce: typeof respond = (_, response, index) => {
  if (index > 1) return void response.end("fine");
  response.writeHead(401, { "www-authenticate": challenge }).end("more claims, please");
};
const sentClaims = () =>
  entra.authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form["claims"]);

describe("a request", () => {
  it("carries the app's token, from the cache the second time", async () => {
    const send = createAuthenticatedFetch(app, { scopes });
    expect(await (await send(url)).text()).toBe("fine");
    await send(new URL(url));
    expect(calls.map(({ token }) => decodeJwt(token)["idtyp"])).toEqual(["app", "app"]);
    expect(calls[0]?.token).toBe(calls[1]?.token);
    expect(entra.tokenRequests()).toBe(1);
  });

  it.each<[string, (at: string) => readonly [string | Request, RequestInit?]]>([
    [
      "options",
      (at) => [at, { method: "POST", body: '{"a":1}', headers: { "x-a": "1", authorization: "mine" } }],
    ],
    ["a Request", (at) => [new Request(at, { method: "POST", body: '{"a":1}', headers: { "x-a": "1" } })]],
    [
      "a Request and options over it",
      (at) => [
        new Request(at, { method: "PUT", headers: { "x-a": "2" } }),
        { method: "POST", body: '{"a":1}', headers: { "x-a": "1" } },
      ],
    ],
  ])("keeps what it is made of, given as %s", async (_, make) => {
    const response = await createAuthenticatedFetch(app, { scopes })(...make(url));
    expect(response.status).toBe(200);
    expect(calls).toMatchObject([{ method: "POST", body: '{"a":1}', headers: { "x-a": "1" } }]);
    expect(decodeJwt(calls[0]?.token ?? "")["idtyp"]).toBe("app");
  });

  it("carries the token of a user, or one on behalf of a user", async () => {
    const signedIn = await signInWithCode(entra, app, ["User.Read"]);
    await createAuthenticatedFetch(app, { scopes: ["User.Read"], account: accountOf(signedIn) })(url);
    expect(calls[0]?.token).toBe(signedIn.accessToken);
    const { clientId } = entra.configuration("confidential").auth;
    const caller = await signInWithCode(entra, entra.publicClient(), [`api://${clientId}/access`]);
    const downstream = { scopes: ["https://vault.example/read"], oboAssertion: caller.accessToken };
    await createAuthenticatedFetch(app, downstream)(url);
    expect(decodeJwt(calls[1]?.token ?? "")).toMatchObject({ aud: "https://vault.example", azp: clientId });
  });

  it.each(["http://api.example/orders", "http://127.0.0.1.evil.example/", "ftp://localhost/"])(
    "to %s is refused before a token is acquired",
    async (target) => {
      const fetch = jest.fn<typeof globalThis.fetch>();
      const call = createAuthenticatedFetch(app, { scopes, fetch })(target);
      await expect(call).rejects.toMatchObject({ errorCode: "authority_uri_insecure" });
      expect(fetch).not.toHaveBeenCalled();
      expect(entra.authority.requests).toEqual([]);
    },
  );

  it("rejects as acquireToken does when there is no token", async () => {
    const wrong = entra.confidential({ auth: { clientSecret: "wrong" } });
    const call = createAuthenticatedFetch(wrong, { scopes })(url);
    await expect(call).rejects.toMatchObject({ errorCode: "invalid_client" });
    expect(calls).toEqual([]);
  });

  it("is given up when its signal aborts: before the token, and while the API answers", async () => {
    const send = createAuthenticatedFetch(app, { scopes });
    await expect(send(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      errorCode: "request_aborted",
    });
    expect(calls).toEqual([]);
    const controller = new AbortController();
    respond = () => controller.abort();
    await expect(send(url, { signal: controller.signal })).rejects.toMatchObject({ name: "AbortError" });
    expect(calls).toHaveLength(1);
  });
});

describe("a claims challenge", () => {
  it("is answered with a new token that was asked with the claims", async () => {
    respond = challengeOnce;
    const send = createAuthenticatedFetch(app, { scopes });
    expect(await (await send(url)).text()).toBe("fine");
    expect(calls).toHaveLength(2);
    expect(calls[0]?.token).not.toBe(calls[1]?.token);
    expect(sentClaims()).toEqual([undefined, claims]);
    // The token that answered the challenge is the one in the cache now.
    await send(url);
    expect(calls[2]?.token).toBe(calls[1]?.token);
    expect(entra.tokenRequests()).toBe(2);
  });

  it("is answered once: the second one goes to the caller", async () => {
    respond = (_, response) => response.writeHead(401, { "www-authenticate": challenge }).end("still not");
    const response = await createAuthenticatedFetch(app, { scopes })(url);
    expect([response.status, await response.text()]).toEqual([401, "still not"]);
    expect(calls).toHaveLength(2);
  });

  it("may stand among other challenges, in a header of its own", async () => {
    respond = (call, response, index) => {
      if (index > 1) {
        challengeOnce(call, response, index);
        return;
      }
      const all = ['Basic realm="a, b"', 'PoP nonce="x"', challenge];
      return void response
        .writeHead(
          401,
          [
            ["www-authenticate", all[0]],
            ["www-authenticate", all[1]],
            ["www-authenticate", all[2]],
          ].flat() as string[],
        )
        .end();
    };
    expect((await createAuthenticatedFetch(app, { scopes })(url)).status).toBe(200);
    expect(sentClaims()).toEqual([undefined, claims]);
  });

  const bytes = new TextEncoder().encode("a body");
  it.each<[string, () => RequestInit]>([
    ["a text", () => ({ body: "a body" })],
    ["bytes", () => ({ body: bytes })],
    ["a blob", () => ({ body: new Blob([bytes]) })],
    ["a form", () => ({ body: new URLSearchParams({ a: "1" }) })],
  ])("lets a body be sent again: %s", async (_, init) => {
    respond = challengeOnce;
    const response = await createAuthenticatedFetch(app, { scopes })(url, { method: "POST", ...init() });
    expect(response.status).toBe(200);
    expect(calls[0]?.body).not.toBe("");
    expect(calls[1]?.body).toBe(calls[0]?.body);
  });

  it("goes to the caller when the body is a stream, which cannot be sent again", async () => {
    respond = challengeOnce;
    const body = new Blob([bytes]).stream();
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const response = await createAuthenticatedFetch(app, { scopes })(url, init);
    expect([response.status, await response.text()]).toEqual([401, "more claims, please"]);
    expect(response.headers.get("www-authenticate")).toBe(challenge);
    expect(calls.map((call) => call.body)).toEqual(["a body"]);
    expect(sentClaims()).toEqual([undefined]);
  });

  it.each<[string, number, Record<string, string>]>([
    ["a 401 without claims", 401, { "www-authenticate": 'Bearer error="invalid_token"' }],
    ["a 401 without challenge", 401, {}],
    ["a 401 with claims that are none", 401, { "www-authenticate": 'Bearer claims="%%"' }],
    ["a 403 with claims", 403, { "www-authenticate": challenge }],
    ["a 200 with claims", 200, { "www-authenticate": challenge }],
  ])("is not what %s is: it goes to the caller untouched", async (_, status, headers) => {
    respond = (_call, response) => response.writeHead(status, headers).end("the API's words");
    const response = await createAuthenticatedFetch(app, { scopes })(url);
    expect([response.status, await response.text()]).toEqual([status, "the API's words"]);
    expect(calls).toHaveLength(1);
    expect(sentClaims()).toEqual([undefined]);
  });
});
