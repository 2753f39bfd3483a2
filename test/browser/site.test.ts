// The documentation's site in a real browser: no dead link, no error on the console, readable on a small screen, a search that
// needs no server. `npm run docs` builds it; without it, nothing is tested.
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { hasChromium, launchChromium, screenshot, type Chromium } from "../support/chromium.js";
import { root } from "../packages/workspace.js";

const site = join(root, "site");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
};

const htmlFiles = (): readonly string[] =>
  readdirSync(site, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".html"))
    .map((file) => file.replaceAll("\\", "/"));

// Building it takes as long as a quarter of all tests: the workflow that publishes the site builds it and runs these.
const isBuilt = hasChromium && existsSync(join(site, "index.html"));

(isBuilt ? describe : describe.skip)("the built site in Chromium", () => {
  let chromium: Chromium;
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? "", "http://localhost");
      const file = join(site, normalize(decodeURIComponent(pathname === "/" ? "/index.html" : pathname)));
      if (!existsSync(file) || !statSync(file).isFile()) return void response.writeHead(404).end();
      response
        .writeHead(200, { "content-type": types[extname(file)] ?? "text/plain" })
        .end(readFileSync(file));
    }).listen(0, "localhost");
    await once(server, "listening");
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    chromium = await launchChromium();
  });
  afterAll(async () => {
    server.close();
    await chromium.close();
  });

  test("no page has a link within the site that leads nowhere", () => {
    const files = new Set(htmlFiles());
    const texts = new Map([...files].map((file) => [file, readFileSync(join(site, file), "utf8")] as const));
    const dead: string[] = [];
    for (const [file, html] of texts) {
      for (const [, href = ""] of html.matchAll(/<a\b[^>]*? href="([^"]*)"/g)) {
        const url = new URL(href.replaceAll("&amp;", "&"), `http://site/${file}`);
        if (url.host !== "site") continue;
        const path = decodeURIComponent(url.pathname.slice(1)) || "index.html";
        const id = decodeURIComponent(url.hash.slice(1));
        const isThere = files.has(path)
          ? id === "" || (texts.get(path)?.includes(`id="${id}"`) ?? false)
          : existsSync(join(site, path));
        if (!isThere) dead.push(`${file}: ${href}`);
      }
    }
    expect(files.size).toBeGreaterThan(300);
    expect([...new Set(dead)]).toEqual([]);
  });

  test("every guide opens without an error, and is readable on a screen of 360 pixels", async () => {
    const { page, close } = await chromium.user();
    await page.setViewportSize({ width: 360, height: 720 });
    const problems: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error") problems.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => problems.push(`${page.url()}: ${error.message}`));
    page.on("response", (response) => {
      if (response.status() >= 400) problems.push(`${response.url()}: HTTP ${response.status()}`);
    });
    const guides = htmlFiles().filter((file) => file.startsWith("documents/"));
    expect(guides.length).toBeGreaterThan(50);
    for (const file of ["index.html", ...guides]) {
      await page.goto(`${origin}/${file}`, { waitUntil: "load" });
      const width = await page.evaluate<number>("document.documentElement.scrollWidth");
      if (width > 361) problems.push(`${file} is ${width} pixels wide`);
    }
    await page.goto(`${origin}/index.html`);
    await screenshot(page, "site-small");
    expect(problems).toEqual([]);
    await close();
  });

  test("the start page says what it is, has five lines of code, and the figures with their source", async () => {
    const { page, close } = await chromium.user();
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`${origin}/`);
    await screenshot(page, "site");
    const text = (await page.textContent("main, .col-content")) ?? "";
    for (const part of [
      "Sign users in",
      "acquireTokenByClientCredential",
      "@azure/msal-node",
      "one run on the same cache",
    ])
      expect(text).toContain(part);
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot(page, "site-dark");
    const background = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
    expect(background).not.toBe("rgb(255, 255, 255)");
    await page.locator(".buttons a").first().click();
    expect(await page.textContent("h1")).toContain("Tutorial");
    await close();
  });

  test("the search finds guides and names without a server", async () => {
    const { page, close } = await chromium.user();
    await page.goto(`${origin}/`);
    const outside: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(origin)) outside.push(request.url());
    });
    await page.locator("#tsd-search-trigger, .tsd-widget.search").first().click();
    await page.locator("#tsd-search-input, #tsd-search-field").first().fill("Keycloak");
    await page.locator("#tsd-search-results a, .results a").first().waitFor();
    expect(await page.textContent("#tsd-search-results, .results")).toContain("Keycloak");
    expect(outside).toEqual([]);
    await close();
  });

  test("the texts for coding agents are served beside it", () => {
    expect(readFileSync(join(site, "llms.txt"), "utf8")).toMatch(/^# Tessera\n/);
    expect(statSync(join(site, "llms-full.txt")).size).toBeGreaterThan(100_000);
  });
});
