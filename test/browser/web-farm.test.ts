// The website of examples/web-farm in a real browser: three processes behind a balancer that hands each request to the next one,
// with a real Redis. The user sees one site.
// proves: web/src/sign-in/session-store.ts
import { fork, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority, type User } from "@tessera/local-authority";
import type { Page } from "playwright-core";
import { startBalancer } from "../../examples/web-farm/balancer.mjs";
import {
  hasChromium,
  launchChromium,
  typeCredentials,
  type Chromium,
  type ChromiumUser,
} from "../support/chromium.js";
import { assertBuilt, root } from "../packages/workspace.js";
import { describeWith } from "../support/real-part.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";

describeWith("Chromium and redis-server", hasChromium && hasRedis(), () => {
  let chromium: Chromium;
  let authority: LocalAuthority;
  let redis: RedisServer;
  let balancer: Awaited<ReturnType<typeof startBalancer>>;
  let origin: string;
  let alice: User;
  const processes: ChildProcess[] = [];
  const ports = new Map<ChildProcess, number>();
  const keys = [0, 1, 2].map(() => randomBytes(32).toString("base64"));
  let browser: ChromiumUser;

  beforeAll(async () => {
    assertBuilt();
    [chromium, authority, redis, balancer] = await Promise.all([
      launchChromium(),
      startLocalAuthority({ http: true }),
      startRedis(),
      startBalancer(0),
    ]);
    ({ origin } = balancer);
    [alice] = authority.config.tenants[0]?.users as [User];
    await Promise.all([1, 2, 3].map(startProcess));
  });
  afterAll(async () => {
    await chromium.close();
    await Promise.all(processes.map(stop));
    await Promise.all([balancer.close(), authority.close()]);
    await redis.stop();
  });
  beforeEach(async () => {
    browser = await chromium.user();
  });
  afterEach(() => browser.close());

  async function startProcess(number: number): Promise<ChildProcess> {
    const web = authority.config.tenants[0]?.apps.find(({ name }) => name.endsWith("Web"));
    const [NAME_KEY, TOKEN_KEY, SESSION_SECRET] = keys;
    const child = fork(join(root, "examples/web-farm/site.mjs"), {
      execArgv: [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      env: {
        ...process.env,
        ...{ NODE_OPTIONS: "", PROCESS: String(number), ORIGIN: origin, REDIS_URL: redis.url },
        AUTHORITY: authority.authorityUrl(),
        CLIENT_ID: web?.clientId ?? "",
        CLIENT_SECRET: web?.clientSecret ?? "",
        ...{ NAME_KEY, TOKEN_KEY, SESSION_SECRET },
      },
    });
    processes.push(child);
    const [port] = (await once(child, "message")) as [number];
    ports.set(child, port);
    balancer.targets.push(port);
    return child;
  }
  async function stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.disconnect();
    await once(child, "exit");
  }

  /** What the page says, and which process has made it. */
  async function said(page: Page): Promise<{ readonly process: string; readonly text: string }> {
    await page.goto(origin);
    const text = (await page.locator("main").textContent()) ?? "";
    const [, number = ""] = /Process (\d)/.exec(text) ?? [];
    return { process: number, text };
  }
  const isBack = (url: URL): boolean => url.origin === origin && !url.pathname.startsWith("/auth/");
  async function signIn(page: Page): Promise<void> {
    await page.goto(`${origin}/auth/sign-in`);
    await typeCredentials(page, alice);
    await page.waitForURL(isBack);
  }
  /** Visits until every process has answered. */
  async function saidByAll(page: Page): Promise<Readonly<Record<string, string>>> {
    const texts: Record<string, string> = {};
    for (let visit = 0; visit < 12 && Object.keys(texts).length < 3; visit += 1) {
      const { process: number, text } = await said(page);
      texts[number] = text;
    }
    return texts;
  }

  test("a sign-in that begins at one process and ends at another is known to all, and so is the sign-out", async () => {
    const { context, page } = browser;
    const tokens = () => authority.requests.filter(({ endpoint }) => endpoint === "token").length;
    const before = tokens();
    const callbacks: string[] = [];
    page.on("request", (request) => {
      if (request.url().includes("/auth/callback")) callbacks.push(request.url());
    });
    await signIn(page);
    const greetings = await saidByAll(page);
    expect(Object.keys(greetings).sort()).toEqual(["1", "2", "3"]);
    for (const text of Object.values(greetings)) expect(text).toContain("Hello Alice Archer");
    expect(tokens() - before).toBe(1);

    const other = await context.newPage();
    await other.goto(origin);
    await other.locator("button").click();
    await other.waitForURL(`${origin}/`);
    for (const text of Object.values(await saidByAll(page))) expect(text).toContain("Welcome, stranger");
    // The answer that has signed the user in is taken by no process once more.
    for (let visit = 0; visit < 3; visit += 1) {
      await page.goto(callbacks[0] ?? "");
      expect(await page.locator("main").textContent()).toContain("out of date");
    }
    expect(tokens() - before).toBe(1);
  });

  test("two tabs sign in at once, and whichever process answers is the right one", async () => {
    const { context, page } = browser;
    const other = await context.newPage();
    await page.goto(`${origin}/auth/sign-in`);
    await other.goto(`${origin}/auth/sign-in`);
    for (const tab of [page, other]) {
      await typeCredentials(tab, alice);
      await tab.waitForURL(isBack);
    }
    for (const tab of [page, other])
      for (const text of Object.values(await saidByAll(tab))) expect(text).toContain("Hello Alice Archer");
  });

  test("a process that ends takes no session along, and one that begins knows them all", async () => {
    const { page } = browser;
    await signIn(page);
    const [first] = processes;
    if (!first) throw new Error("no process");
    balancer.targets.splice(balancer.targets.indexOf(ports.get(first) ?? NaN), 1);
    await stop(first);
    for (let visit = 0; visit < 3; visit += 1)
      expect((await said(page)).text).toContain("Hello Alice Archer");
    await startProcess(4);
    const greetings = await saidByAll(page);
    expect(Object.keys(greetings)).toContain("4");
    for (const text of Object.values(greetings)) expect(text).toContain("Hello Alice Archer");
  });
});
