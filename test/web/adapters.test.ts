// The same sign-in in Express 4, Express 5 and Fastify 5: routes, users, cookies, and tokens in their handlers.
// proves: web/src/express-handler.ts, web/src/fastify-parts.ts, web/src/sign-in/express.ts, web/src/sign-in/fastify.ts, web/src/sign-in/adapted-server.ts
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { sendResponse, type WebSignIn } from "@tessera/web";
import express from "express";
import fastify from "fastify";
import { request } from "undici";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { siteAt } from "../support/web-visitor.js";

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

// A name, because Express 4 comes without types; nothing of what is used here differs.
const four: string = "express4";
const { default: express4 } = (await import(four)) as { readonly default: typeof express };

const expressSite =
  (make: typeof express, parses: boolean) =>
  (web: WebSignIn): RequestListener => {
    const app = make();
    if (parses) app.use(make.urlencoded(), make.json());
    app.use(web.express());
    app.get("/", (request, response) => {
      const { user } = request as { readonly user?: { readonly subject: string } };
      response.send(user ? `Hello ${user.subject}` : "Welcome");
    });
    app.get("/token", (request, response, next) => {
      web
        .token(request, { scopes: ["api:read"] })
        .then((answer) =>
          answer.response ? sendResponse(answer.response, response) : void response.send(answer.accessToken),
        )
        .catch(next);
    });
    app.post("/echo", make.json(), (request, response) => void response.send(request.body));
    return app;
  };

const fastifySite = async (web: WebSignIn): Promise<RequestListener> => {
  const app = fastify();
  await app.register(web.fastify());
  app.get("/", async (request) => {
    const { user } = request as { readonly user?: { readonly subject: string } | null };
    return user ? `Hello ${user.subject}` : "Welcome";
  });
  app.get("/token", async (request) => {
    const answer = await web.token(request.raw, { scopes: ["api:read"] });
    return answer.response ?? answer.accessToken;
  });
  app.post("/echo", async (request) => request.body);
  await app.ready();
  return (request, response) => app.routing(request, response);
};

interface Sent {
  readonly method?: "POST";
  readonly form?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

describe.each<[string, (web: WebSignIn) => RequestListener | Promise<RequestListener>]>([
  ["Express 4", expressSite(express4, false)],
  ["Express 4 behind body parsers", expressSite(express4, true)],
  ["Express 5", expressSite(express, false)],
  ["Express 5 behind body parsers", expressSite(express, true)],
  ["Fastify 5", fastifySite],
])("%s", (_, make) => {
  let server: Server;
  let listener: RequestListener;
  let origin: string;
  let cookies: Map<string, string>;
  beforeEach(async () => {
    provider.reset();
    cookies = new Map();
    server = createServer((request, response) => {
      listener(request, response);
    }).listen(0, "localhost");
    await once(server, "listening");
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  // Not fetch, which says that it is a script.
  const send = async (path: string, init: Sent = {}) => {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const { statusCode, headers, body } = await request(new URL(path, origin), {
      method: init.form ? "POST" : "GET",
      ...init,
      ...(init.form ? { body: new URLSearchParams(init.form).toString() } : {}),
      headers: {
        accept: "text/html",
        cookie,
        ...(init.form ? { "content-type": "application/x-www-form-urlencoded" } : {}),
        ...init.headers,
      },
    });
    const set = [headers["set-cookie"] ?? []].flat();
    for (const one of set) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(one) ?? [];
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return {
      status: statusCode,
      location: String(headers.location ?? ""),
      headers,
      set,
      text: await body.text(),
    };
  };

  test.each(["query", "form_post"] as const)("signs a user in and out, with %s", async (responseMode) => {
    const web = siteAt(provider, { baseUrl: origin, responseMode });
    listener = await make(web);
    expect(await send("/")).toMatchObject({ status: 200, text: "Welcome" });
    const start = await send("/token");
    expect([start.status, start.location]).toEqual([303, `${origin}/auth/sign-in?returnTo=%2Ftoken`]);

    const asked = new URL((await send(start.location)).location).searchParams;
    const claims = { nonce: asked.get("nonce") };
    provider.answers.token = () => ({ body: provider.tokens({}, { claims }) });
    const answer = new URLSearchParams({ code: "the-code", state: asked.get("state") ?? "" });
    const back =
      responseMode === "query"
        ? await send(`/auth/callback?${answer.toString()}`)
        : await send("/auth/callback", { form: Object.fromEntries(answer) });
    expect([back.status, back.location]).toEqual([303, `${origin}/token`]);
    expect(await send("/token")).toMatchObject({ status: 200, text: "an-access-token" });
    const home = await send("/");
    expect([home.text, home.headers["cache-control"]]).toEqual(["Hello user-1", "no-store"]);

    provider.clock.advance(3600);
    expect((await send("/")).set).toHaveLength(1);
    expect((await send("/auth/sign-out", { method: "POST" })).status).toBe(403);
    expect((await send("/auth/sign-out", { method: "POST", headers: { origin } })).status).toBe(303);
    expect(await send("/")).toMatchObject({ text: "Welcome" });
  });

  test("leaves the app its bodies", async () => {
    listener = await make(siteAt(provider, { baseUrl: origin }));
    const init = {
      method: "POST" as const,
      body: '{"a":1}',
      headers: { "content-type": "application/json" },
    };
    expect(await send("/echo", init)).toMatchObject({ status: 200, text: '{"a":1}' });
  });
});
