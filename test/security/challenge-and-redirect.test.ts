// proves: node/src/authenticated-fetch.ts, node/src/http/origin-bound-fetch.ts, core/src/request/claims-challenge.ts
//
// The token of an API belongs to the origin that was asked: it goes along no redirect to another one, and nobody else there
// may choose the claims that are sent to the identity provider.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { claimsFromChallenge, createAuthenticatedFetch, type AuthenticationResult } from "@tessera/node";

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';
const base64url = (text: string | Buffer) => Buffer.from(text).toString("base64url");
const challengeWith = (value: string) => `Bearer error="insufficient_claims", claims="${value}"`;
const challenge = challengeWith(base64url(claims));
const statuses = [301, 302, 303, 307, 308];

/** The claims each token was asked for with. */
let asked: (string | undefined)[];
let accessToken: string;
const app = {
  acquireToken: async ({ claims }: { readonly claims?: string }) => {
    asked.push(claims);
    return {
      accessToken: claims === undefined ? accessToken : `${accessToken}-with-claims`,
    } as AuthenticationResult;
  },
};
beforeEach(() => {
  asked = [];
  accessToken = "the-token";
});
const scopes = ["api://orders/read"];

/** A request as it arrived. */
interface Seen {
  readonly at: string;
  readonly method: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}
const tokenOf = ({ headers }: Seen) => headers["authorization"]?.replace("Bearer ", "");

/** Answers by URL; what is not there says "fine". */
type Site = Readonly<Record<string, () => Response>>;
const redirect = (status: number, location: string) => () =>
  new Response(null, { status, headers: { location } });
const challenging = () =>
  new Response("more claims, please", { status: 401, headers: { "www-authenticate": challenge } });

/**
 * A `fetch` that an app may bring: it sends every header wherever a redirect leads.
 *
 * @param obeys whether it honours `redirect: "manual"`
 */
function carelessFetch(site: Site, seen: Seen[], obeys = true): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const body = await request.text();
    for (let at = request.url, hops = 0; hops < 30; hops += 1) {
      seen.push({ at, method: request.method, body, headers: Object.fromEntries(request.headers) });
      const response = site[at]?.() ?? new Response("fine");
      const location = response.headers.get("location");
      if (!location || (obeys && request.redirect === "manual"))
        return Object.defineProperties(response, {
          url: { value: at },
          redirected: { value: at !== request.url, configurable: true },
        });
      at = new URL(location, at).href;
    }
    throw new Error("it is led on for ever");
  };
}

/** The status of a response, or the name of an error: a whole response is too much for Jest to print. */
function outcomeOf(call: Promise<Response>): Promise<number | string> {
  return call.then(
    ({ status }) => status,
    (error: { readonly name: string; readonly errorCode?: string }) => error.errorCode ?? error.name,
  );
}

const api = "https://api.example/orders";
/** Each is another origin than the API's. */
const elsewhere = [
  "https://evil.example/",
  "https://evil.api.example/",
  "https://api.example.evil.example/",
  "https://api.example:8443/orders",
  "http://api.example/orders",
  "http://localhost/",
];

describe("a redirect to another origin", () => {
  const cases = elsewhere.flatMap((target) => statuses.map((status) => [status, target] as const));

  it.each(cases)(
    "%s to %s goes without the token, and without the caller's credentials",
    async (status, target) => {
      const seen: Seen[] = [];
      const fetch = carelessFetch({ [api]: redirect(status, target) }, seen);
      const headers = { cookie: "a=1", "proxy-authorization": "Basic x", "x-a": "1" };
      const response = await createAuthenticatedFetch(app, { scopes, fetch })(api, { headers });
      expect([await response.text(), response.url, response.redirected]).toEqual(["fine", target, true]);
      expect(seen.map(({ at }) => at)).toEqual([api, target]);
      expect(seen.map(tokenOf)).toEqual(["the-token", undefined]);
      expect(seen[1]?.headers).toEqual({ "x-a": "1" });
    },
  );

  it.each(cases)("%s to %s: a challenge from there is left to the caller", async (status, target) => {
    const seen: Seen[] = [];
    const fetch = carelessFetch({ [api]: redirect(status, target), [target]: challenging }, seen);
    const response = await createAuthenticatedFetch(app, { scopes, fetch })(api);
    expect([response.status, await response.text()]).toEqual([401, "more claims, please"]);
    expect(response.headers.get("www-authenticate")).toBe(challenge);
    expect(asked).toEqual([undefined]);
    expect(seen).toHaveLength(2);
  });

  it("is final: the way back to the API is gone without the token, and is not challenged", async () => {
    const seen: Seen[] = [];
    const back = "https://api.example/back";
    const site = {
      [api]: redirect(302, elsewhere[0] ?? ""),
      [elsewhere[0] ?? ""]: redirect(302, back),
      [back]: challenging,
    };
    const response = await createAuthenticatedFetch(app, { scopes, fetch: carelessFetch(site, seen) })(api);
    expect(response.status).toBe(401);
    expect(seen.map(tokenOf)).toEqual(["the-token", undefined, undefined]);
    expect(asked).toEqual([undefined]);
  });

  it("also ends the token's way after redirects within the origin, and at the second attempt", async () => {
    const seen: Seen[] = [];
    let attempts = 0;
    const first = () => (++attempts === 1 ? challenging() : redirect(307, "/moved")());
    const site = { [api]: first, "https://api.example/moved": redirect(307, "https://evil.example/") };
    await createAuthenticatedFetch(app, { scopes, fetch: carelessFetch(site, seen) })(api);
    expect(seen.map(({ at, headers }) => [at, headers["authorization"]])).toEqual([
      [api, "Bearer the-token"],
      [api, "Bearer the-token-with-claims"],
      ["https://api.example/moved", "Bearer the-token-with-claims"],
      ["https://evil.example/", undefined],
    ]);
  });

  it("that a disobedient fetch has followed all the same challenges nobody", async () => {
    const site = { [api]: redirect(302, "https://evil.example/"), "https://evil.example/": challenging };
    const response = await createAuthenticatedFetch(app, { scopes, fetch: carelessFetch(site, [], false) })(
      api,
    );
    expect(response.status).toBe(401);
    expect(asked).toEqual([undefined]);
  });
});

describe("a redirect within the origin", () => {
  it.each(statuses)("%s keeps the token, and may challenge", async (status) => {
    const seen: Seen[] = [];
    let attempts = 0;
    const moved = "https://api.example/moved";
    const site = {
      [api]: redirect(status, "/moved"),
      [moved]: () => (++attempts === 1 ? challenging() : new Response("fine")),
    };
    const response = await createAuthenticatedFetch(app, { scopes, fetch: carelessFetch(site, seen) })(api);
    expect([await response.text(), response.url, response.redirected]).toEqual(["fine", moved, true]);
    expect(seen.map(tokenOf)).toEqual([
      "the-token",
      "the-token",
      "the-token-with-claims",
      "the-token-with-claims",
    ]);
    expect(asked).toEqual([undefined, claims]);
  });

  it.each([
    ["for ever", redirect(302, "/orders")],
    ["to a scheme that is not http", redirect(302, "data:text/plain,hello")],
    ["to nowhere", redirect(302, "https://[")],
  ])("%s is an error", async (_, respond) => {
    const seen: Seen[] = [];
    const fetch = carelessFetch({ [api]: respond }, seen);
    expect(await outcomeOf(createAuthenticatedFetch(app, { scopes, fetch })(api))).toBe("TypeError");
    expect(seen.length).toBeLessThanOrEqual(21);
  });
});

describe("with Node's own fetch", () => {
  let server: Server;
  let other: Server;
  let seen: Seen[];
  let status: number;
  let locationOf: (url: URL) => string;
  const portOf = (of: Server) => (of.address() as AddressInfo).port;
  const originOf = (of: Server) => `http://localhost:${portOf(of)}`;

  const record = async (request: IncomingMessage): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const headers = request.headers as Seen["headers"];
    seen.push({
      at: `${headers["host"] ?? ""}${request.url ?? ""}`,
      method: request.method ?? "",
      body,
      headers,
    });
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    await record(request);
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? ""}`);
    if (url.pathname === "/old") response.writeHead(status, { location: locationOf(url) }).end("moved");
    else response.end("fine");
  };
  beforeAll(async () => {
    [server, other] = [0, 1].map(() =>
      createServer((request, response) => void respond(request, response).catch(() => response.destroy())),
    ) as [Server, Server];
    for (const each of [server, other]) {
      each.listen(0, "localhost");
      await once(each, "listening");
    }
  });
  afterAll(() => {
    for (const each of [server, other]) {
      each.closeAllConnections();
      each.close();
    }
  });
  beforeEach(() => {
    seen = [];
    status = 302;
    locationOf = () => "/new?a=1";
  });

  type Init = () => RequestInit;
  const inits: readonly (readonly [string, Init])[] = [
    ["GET", () => ({})],
    ["HEAD", () => ({ method: "HEAD" })],
    ["DELETE", () => ({ method: "DELETE" })],
    [
      "POST with a string",
      () => ({ method: "POST", body: "a body", headers: { "content-language": "en", "x-a": "1" } }),
    ],
    ["PUT with a blob", () => ({ method: "PUT", body: new Blob(["ab"]) })],
    ["POST with a form", () => ({ method: "POST", body: new URLSearchParams({ a: "1" }) })],
    ["POST without body", () => ({ method: "POST" })],
    ["POST with a stream", () => ({ method: "POST", body: new Blob(["a body"]).stream(), duplex: "half" })],
  ];
  const matrix = statuses.flatMap((code) => inits.map(([name, init]) => [code, name, init] as const));

  it.each(matrix)("%s after %s goes on as fetch itself does", async (code, _, init) => {
    status = code;
    const outcome = async (fetch: typeof globalThis.fetch): Promise<unknown> => {
      seen = [];
      const result = await fetch(`${originOf(server)}/old`, init()).then(
        async (response) => [response.status, await response.text(), response.url, response.redirected],
        (error: unknown) => (error as Error).constructor.name,
      );
      const bare = seen.map(({ headers: { authorization: _, connection: __, ...headers }, ...rest }) => ({
        ...rest,
        headers,
      }));
      return { result, seen: bare };
    };
    const plain = await outcome(globalThis.fetch);
    expect(await outcome(createAuthenticatedFetch(app, { scopes }))).toEqual(plain);
    expect(seen.map(tokenOf)).toEqual(seen.map(() => "the-token"));
  });

  it.each(statuses)(
    "%s to another port goes without the token, with the body where fetch sends it",
    async (code) => {
      status = code;
      locationOf = () => `${originOf(other)}/new`;
      const init = { method: "POST", body: "a body" };
      await createAuthenticatedFetch(app, { scopes })(`${originOf(server)}/old`, init);
      expect(seen.map(tokenOf)).toEqual(["the-token", undefined]);
      expect(seen.map(({ body }) => body)).toEqual(["a body", code > 303 ? "a body" : ""]);
    },
  );

  it("the caller's own redirect mode counts: manual shows the redirect, error rejects", async () => {
    const send = createAuthenticatedFetch(app, { scopes });
    const response = await send(`${originOf(server)}/old`, { redirect: "manual" });
    expect([response.status, response.headers.get("location")]).toEqual([302, "/new?a=1"]);
    expect(await outcomeOf(send(`${originOf(server)}/old`, { redirect: "error" }))).toBe("TypeError");
    expect(seen.map(({ at }) => at.replace(/^[^/]*/, ""))).toEqual(["/old", "/old"]);
  });
});

describe("a token", () => {
  it.each([
    "http://api.example/",
    "http://127.0.0.1.evil.example/",
    "http://10.0.0.1/",
    "http://[::2]/",
    "ftp://localhost/",
  ])("is neither acquired for nor sent to %s", async (target) => {
    const seen: Seen[] = [];
    const call = createAuthenticatedFetch(app, { scopes, fetch: carelessFetch({}, seen) })(target);
    await expect(call).rejects.toMatchObject({ errorCode: "authority_uri_insecure" });
    expect([asked, seen]).toEqual([[], []]);
  });

  it.each(["a line\nfeed", "a tab\t", "a space in", "ü", "€", "", "nul\0"])(
    "that no header can carry (%j) is refused, and not quoted",
    async (token) => {
      accessToken = token === "" ? "" : `secret-part-${token}`;
      const seen: Seen[] = [];
      const call = createAuthenticatedFetch(app, { scopes, fetch: carelessFetch({}, seen) })(api);
      const error: unknown = await call.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ errorCode: "invalid_token_response" });
      expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain("secret-part");
      expect(seen).toEqual([]);
    },
  );
});

describe("claims of a challenge", () => {
  const long = (length: number) => JSON.stringify({ access_token: { a: { value: "x".repeat(length) } } });
  const room = 8192 - long(0).length;

  it.each<[string, string, string | undefined]>([
    ["base64url", base64url('{"a":"??>>ü"}'), '{"a":"??>>ü"}'],
    ["base64 with padding", Buffer.from('{"a":"ü?>"}').toString("base64"), '{"a":"ü?>"}'],
    ["as long as they may be", base64url(long(room)), long(room)],
    ["too long", base64url(long(room + 1)), undefined],
    ["of two alphabets", `${base64url('{"a":"??>>"}').slice(0, -4)}-/==`, undefined],
    ["with characters that are not base64", `${base64url(claims)}!`, undefined],
    [
      "with a space in the middle",
      `${base64url(claims).slice(0, 8)} ${base64url(claims).slice(8)}`,
      undefined,
    ],
    ["with padding in the middle", `${base64url("{}")}==${base64url("{}")}`, undefined],
    ["cut in the middle of a byte", base64url('{"a":1} ').slice(0, 9), undefined],
    ["not UTF-8", base64url(Buffer.from([...Buffer.from('{"a":"'), 0xff, ...Buffer.from('"}')])), undefined],
    ["an array", base64url("[1]"), undefined],
    ["a string", base64url('"claims"'), undefined],
    ["null", base64url("null"), undefined],
    ["cut", base64url(claims.slice(0, -1)), undefined],
  ])("%s", async (_, value, expected) => {
    expect(claimsFromChallenge(challengeWith(value))).toBe(expected);
    const unusable = () =>
      new Response("no", { status: 401, headers: { "www-authenticate": challengeWith(value) } });
    const seen: Seen[] = [];
    const response = await createAuthenticatedFetch(app, {
      scopes,
      fetch: carelessFetch({ [api]: unusable }, seen),
    })(api);
    expect(response.status).toBe(401);
    expect(asked).toEqual(expected === undefined ? [undefined] : [undefined, expected]);
  });
});
