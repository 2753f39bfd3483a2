// What users do at a website with tabs, history and time, whatever framework the site is written with.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { User } from "@tessera/local-authority";
import type { Page } from "playwright-core";
import { launchChromium, typeCredentials, type Chromium, type ChromiumUser } from "./chromium.js";

/** What differs between two starts of a site. */
export interface SiteStart {
  /** The first one encrypts. */
  readonly secrets: readonly string[];
  readonly responseMode: "query" | "form_post";
}

/**
 * A website that can be started several times at one origin. `/` shows in `#who` the user's name or "nobody", and the form that
 * signs out; `/orders` needs a token of the user, and shows its type in `#token`. Sessions last as long as by default.
 */
export interface SiteStage {
  readonly origin: string;
  readonly user: User;
  /** Starts the site, in place of the one that runs: without the tokens that it had. */
  start(how: SiteStart): Promise<void>;
  /** Moves the clock of the site and of the authority. */
  advance(seconds: number): Promise<void>;
  close(): Promise<void>;
}

const IDLE = 2 * 3600;
const LONGEST_SIGN_IN = 3600;
const first = "the-first-secret-of-the-sessions-0123456789";
const second = "the-second-secret-of-the-sessions-0123456789";

/** Describes the sign-in of a site. */
export function describeSignIn(name: string, prepare: () => Promise<SiteStage>): void {
  describe(name, () => {
    let chromium: Chromium;
    let stage: SiteStage;
    let origin: string;
    let user: User;
    let browser: ChromiumUser;
    beforeAll(async () => {
      [chromium, stage] = await Promise.all([launchChromium(), prepare()]);
      ({ origin, user } = stage);
    });
    afterAll(() => Promise.all([chromium.close(), stage.close()]));
    beforeEach(async () => {
      [browser] = await Promise.all([chromium.user(), start()]);
    });
    afterEach(() => browser.close());

    const start = (how: Partial<SiteStart> = {}) =>
      stage.start({ secrets: [first], responseMode: "query", ...how });
    const who = (page: Page) => page.locator("#who").textContent();
    const isBack = (url: URL) => url.origin === origin && !url.pathname.startsWith("/auth/");
    async function signIn(page: Page, path = "/auth/sign-in"): Promise<void> {
      await page.goto(origin + path);
      if (new URL(page.url()).origin !== origin) await typeCredentials(page, user);
      await page.waitForURL(isBack);
    }

    test.each(["query", "form_post"] as const)("a user signs in and out, with %s", async (responseMode) => {
      if (responseMode !== "query") await start({ responseMode });
      const { page } = browser;
      await page.goto(origin);
      expect(await who(page)).toBe("nobody");
      await signIn(page, "/orders");
      expect([page.url(), await page.locator("#token").textContent()]).toEqual([
        `${origin}/orders`,
        "Bearer",
      ]);
      await page.goto(origin);
      expect(await who(page)).toBe(user.username);
      await page.locator("button").click();
      await page.waitForURL(`${origin}/`);
      expect(await who(page)).toBe("nobody");
      // The provider's session has ended as well: it asks for the password.
      await page.goto(`${origin}/auth/sign-in`);
      expect(new URL(page.url()).origin).not.toBe(origin);
    });

    test("two tabs, the back button, and a sign-out in another tab", async () => {
      const { context, page } = browser;
      const other = await context.newPage();
      await page.goto(`${origin}/auth/sign-in?returnTo=/orders`);
      await other.goto(`${origin}/auth/sign-in`);
      await typeCredentials(page, user);
      await page.waitForURL(`${origin}/orders`);
      await typeCredentials(other, user);
      await other.waitForURL(`${origin}/`);
      expect(await who(other)).toBe(user.username);
      // Back to the provider's page, or to the answer: the user stays signed in, and sees no error.
      await page.goto(origin);
      await page.goBack();
      await page.goto(origin);
      expect(await who(page)).toBe(user.username);
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
      await start({ secrets: [second, first] });
      await page.goto(origin);
      expect(await who(page)).toBe(user.username);
      await start({ secrets: [second] });
      await page.goto(origin);
      expect(await who(page)).toBe(user.username);
      await stage.advance(IDLE + 1);
      await page.goto(origin);
      expect(await who(page)).toBe("nobody");

      const { page: slow, close } = await chromium.user();
      await slow.goto(`${origin}/auth/sign-in?returnTo=/orders`);
      await stage.advance(LONGEST_SIGN_IN + 100);
      await typeCredentials(slow, user);
      await slow.getByText("out of date").waitFor();
      await slow.getByText("Sign in again").click();
      await slow.waitForURL(isBack);
      await close();
    });

    test("a user who must act does so, and comes back to the page", async () => {
      const { page } = browser;
      await signIn(page);
      await page.goto(`${origin}/orders`);
      // This process has no tokens of the session: the user is sent to the provider, which knows the user.
      await start();
      await stage.advance(100);
      await page.goto(`${origin}/orders`);
      if (new URL(page.url()).origin !== origin) await typeCredentials(page, user);
      await page.waitForURL(`${origin}/orders`);
      expect(await page.locator("#token").textContent()).toBe("Bearer");
    });
  });
}
