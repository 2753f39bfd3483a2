// Websites on Express 5 and Fastify 5 in a real browser, with the local authority: what users do with tabs, history and time.
// proves: web/src/sign-in/create-web-sign-in.ts, web/src/sign-in/express.ts, web/src/sign-in/fastify.ts
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
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
import type { Page } from "playwright-core";
import {
  hasChromium,
  launchChromium,
  typeCredentials,
  type Chromium,
  type ChromiumUser,
} from "../support/chromium.js";
import { startEntra, type Entra } from "../support/entra.js";
import { describeWith } from "../support/real-part.js";

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

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let entra: Entra;
  let alice: User;
  beforeAll(async () => {
    [chromium, entra] = await Promise.all([launchChromium(), startEntra({ http: true })]);
    [alice] = entra.authority.config.tenants[0]?.users as [User];
  });
  afterAll(() => Promise.all([chromium.close(), entra.close()]));

  describe.each([
    ["Express 5", expressSite],
    ["Fastify 5", fastifySite],
  ])("%s", (_, make) => {
    let server: Server;
    let listener: RequestListener;
    let origin: string;
    let browser: ChromiumUser;
    let secrets: string[];
    beforeEach(async () => {
      server = createServer((request, response) => {
        listener(request, response);
      }).listen(0, "localhost");
      await once(server, "listening");
      origin = `http://localhost:${(server.address() as AddressInfo).port}`;
      secrets = ["the-first-secret-of-the-sessions-0123456789"];
      await start();
      browser = await chromium.user();
    });
    afterEach(async () => {
      await browser.close();
      server.closeAllConnections();
      server.close();
    });

    const store = createMemoryWebStore(() => entra.clock.now());
    /** Starts the site, also once more with other secrets: its sessions and tokens stay. */
    async function start(responseMode: "query" | "form_post" = "query"): Promise<void> {
      const app = entra.confidential({ system: { proxy: false } });
      const session = { secrets, store, idleSeconds: 1000, maxSeconds: 5000 };
      listener = await make(
        createWebSignIn({ app, baseUrl: origin, scopes, responseMode, clock: entra.clock, session }),
      );
    }
    const who = (page: Page) => page.locator("#who").textContent();
    async function signIn(page: Page, path = "/auth/sign-in"): Promise<void> {
      await page.goto(origin + path);
      if (new URL(page.url()).origin !== origin) await typeCredentials(page, alice);
      await page.waitForURL((url) => url.origin === origin && !url.pathname.startsWith("/auth/"));
    }

    test.each(["query", "form_post"] as const)("a user signs in and out, with %s", async (mode) => {
      await start(mode);
      const { page } = browser;
      await page.goto(origin);
      expect(await who(page)).toBe("nobody");
      await signIn(page, "/orders");
      expect([page.url(), await page.locator("#token").textContent()]).toEqual([
        `${origin}/orders`,
        "Bearer",
      ]);
      await page.goto(origin);
      expect(await who(page)).toBe(alice.username);
      await page.locator("button").click();
      await page.waitForURL(`${origin}/`);
      expect(await who(page)).toBe("nobody");
    });

    test("two tabs, the back button, and a sign-out in another tab", async () => {
      const { context, page } = browser;
      const other = await context.newPage();
      await page.goto(`${origin}/auth/sign-in?returnTo=/orders`);
      await other.goto(`${origin}/auth/sign-in`);
      await typeCredentials(page, alice);
      await page.waitForURL(`${origin}/orders`);
      await typeCredentials(other, alice);
      await other.waitForURL(`${origin}/`);
      expect(await who(other)).toBe(alice.username);
      // Back to the provider's page, or to the answer: the user stays signed in, and sees no error.
      await page.goto(origin);
      await page.goBack();
      await page.goto(origin);
      expect(await who(page)).toBe(alice.username);
      await other.locator("button").click();
      await other.waitForURL(`${origin}/`);
      await page.reload();
      expect(await who(page)).toBe("nobody");
      // What the history has is not shown again.
      await other.goBack();
      await other.goto(origin);
      expect(await who(other)).toBe("nobody");
    });

    test("an expired session, cookies that are too old, and secrets that rotate", async () => {
      const { page } = browser;
      await signIn(page);
      secrets = ["the-second-secret-of-the-sessions-0123456789", ...secrets];
      await start();
      await page.goto(origin);
      expect(await who(page)).toBe(alice.username);
      secrets = secrets.slice(0, 1);
      await start();
      await page.goto(origin);
      expect(await who(page)).toBe(alice.username);
      entra.clock.advance(1001);
      await page.goto(origin);
      expect(await who(page)).toBe("nobody");

      const { page: slow, close } = await chromium.user();
      await slow.goto(`${origin}/auth/sign-in?returnTo=/orders`);
      entra.clock.advance(3700);
      await typeCredentials(slow, alice);
      await slow.getByText("out of date").waitFor();
      await slow.getByText("Sign in again").click();
      await slow.waitForURL((url) => url.origin === origin && !url.pathname.startsWith("/auth/"));
      await close();
    });

    test("a user who must act does so, and comes back to the page", async () => {
      const { page } = browser;
      await signIn(page);
      await page.goto(`${origin}/orders`);
      // This process has no tokens of the session: the user is sent to the provider, which knows the user.
      await start();
      entra.clock.advance(100);
      await page.goto(`${origin}/orders`);
      if (new URL(page.url()).origin !== origin) await typeCredentials(page, alice);
      await page.waitForURL(`${origin}/orders`);
      expect(await page.locator("#token").textContent()).toBe("Bearer");
    });
  });
});
