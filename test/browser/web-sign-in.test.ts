// Websites on Express 5 and Fastify 5 in a real browser, with the local authority: what users do with tabs, history and time.
// proves: web/src/sign-in/create-web-sign-in.ts, web/src/sign-in/express.ts, web/src/sign-in/fastify.ts
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { User } from "@tessera/local-authority";
import {
  createMemoryWebStore,
  sendResponse,
  createWebSignIn,
  type WebSignIn,
  type WebUser,
} from "@tessera/web";
import express from "express";
import fastify from "fastify";
import { hasChromium } from "../support/chromium.js";
import { startEntra } from "../support/entra.js";
import { describeWith } from "../support/real-part.js";
import { describeSignIn, type SiteStage } from "../support/site-scenarios.js";

const scopes = ["User.Read"];
const html = (user: WebUser | null | undefined): string =>
  user
    ? `<p id="who">${user.username}</p><form method="post" action="/auth/sign-out"><button>Sign out</button></form>`
    : '<p id="who">nobody</p><a href="/auth/sign-in">Sign in</a>';

const expressSite = async (web: WebSignIn): Promise<RequestListener> => {
  const app = express();
  app.use(web.express());
  app.get("/", async (request, response) => void response.send(html(await web.user(request))));
  app.get("/orders", async (request, response) => {
    const claims = typeof request.query["claims"] === "string" ? { claims: request.query["claims"] } : {};
    const token = await web.token(request, { scopes, ...claims });
    if (token.response) await sendResponse(token.response, response);
    else response.send(`<p id="token">${token.tokenType}</p>`);
  });
  return app as RequestListener;
};
const fastifySite = async (web: WebSignIn): Promise<RequestListener> => {
  const app = fastify();
  await app.register(web.fastify());
  app.get("/", async (request, reply) => reply.type("text/html").send(html(await web.user(request.raw))));
  app.get("/orders", async (request, reply) => {
    const { claims } = request.query as { readonly claims?: string };
    const token = await web.token(request.raw, { scopes, ...(claims ? { claims } : {}) });
    return token.response ?? reply.type("text/html").send(`<p id="token">${token.tokenType}</p>`);
  });
  await app.ready();
  return (request, response) => app.routing(request, response);
};

/** A site in this process. Its sessions outlive it, and its tokens do not. */
async function prepare(make: (web: WebSignIn) => Promise<RequestListener>): Promise<SiteStage> {
  const entra = await startEntra({ http: true });
  const [user] = entra.authority.config.tenants[0]?.users as [User];
  const store = createMemoryWebStore(() => entra.clock.now());
  let listener: RequestListener | undefined;
  const server = createServer((request, response) => listener?.(request, response)).listen(0, "localhost");
  await once(server, "listening");
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    user,
    async start({ secrets, responseMode }) {
      const app = entra.confidential({ system: { proxy: false } });
      const session = { secrets, store };
      listener = await make(
        createWebSignIn({ app, baseUrl: origin, scopes, responseMode, clock: entra.clock, session }),
      );
    },
    advance: async (seconds) => entra.clock.advance(seconds),
    async close() {
      server.closeAllConnections();
      server.close();
      await entra.close();
    },
  };
}

describeWith("Chromium", hasChromium, () => {
  describeSignIn("Express 5", () => prepare(expressSite));
  describeSignIn("Fastify 5", () => prepare(fastifySite));
});
