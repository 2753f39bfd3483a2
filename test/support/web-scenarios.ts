import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { User } from "@tessera/local-authority";
import type { Page } from "playwright-core";
import { authorityOptions, startDownstream } from "../../examples/web-frameworks/around.mjs";
import {
  hasChromium,
  launchChromium,
  typeCredentials,
  type Chromium,
  type ChromiumUser,
} from "./chromium.js";
import { startEntra, type Entra } from "./entra.js";
import { describeWith } from "./real-part.js";
import { isFull } from "./sample.js";

/** What a website finds around it: the authority with the registrations of `examples/web-frameworks`, and two other APIs. */
export interface WebsiteWorld {
  readonly entra: Entra;
  readonly downstream: Awaited<ReturnType<typeof startDownstream>>["downstream"];
}

/** How a website is started. Its sessions last as long as they do by default. */
export interface WebsiteConfiguration {
  readonly secrets: readonly string[];
  readonly responseMode: "query" | "form_post";
}

/**
 * A website that signs users in and has an API, whose pages are those of `examples/web-frameworks`: `/` says in `#who` who the
 * user is, `/payments` and `/vault` say in `#api` what the API of the site has heard from another one on the user's behalf.
 */
export interface Website {
  readonly origin: string;
  /** Starts it anew at the same address. Its sessions stay, and the tokens of its process are gone. */
  restart(configuration: WebsiteConfiguration): Promise<void>;
  /** Tells the time to a site that does not run in the process of the test. */
  clockMoved?(now: number): Promise<void>;
  close(): Promise<void>;
}

export type StartWebsite = (world: WebsiteWorld, configuration: WebsiteConfiguration) => Promise<Website>;

/**
 * Describes what users do with tabs, history and time at websites that are made in different ways, in a real browser. Each site
 * signs users in and out. The other scenarios are about what the sites have in common: each is tried at one site, and with
 * `TABLES=all` at every site.
 */
export function describeWebsites(websites: Readonly<Record<string, StartWebsite>>): void {
  describeWith("Chromium", hasChromium, () => {
    let chromium: Chromium;
    let entra: Entra;
    let others: Awaited<ReturnType<typeof startDownstream>>;
    let alice: User;
    beforeAll(async () => {
      [chromium, entra] = await Promise.all([
        launchChromium(),
        startEntra({ http: true, ...authorityOptions }),
      ]);
      [alice] = entra.authority.config.tenants[0]?.users as [User];
      others = await startDownstream(entra.authority.authorityUrl(), { clock: entra.clock, proxy: false });
    });
    afterAll(() => Promise.all([chromium.close(), entra.close(), others.close()]));

    const sites = Object.entries(websites).map(([name, start], index) => [name, start, index] as const);
    describe.each(sites)("%s", (_, start, index) => {
      let site: Website;
      let origin: string;
      let browser: ChromiumUser;
      let configuration: WebsiteConfiguration;
      beforeAll(async () => {
        configuration = usual;
        site = await start({ entra, downstream: others.downstream }, configuration);
        ({ origin } = site);
      });
      afterAll(() => site.close());
      beforeEach(async () => {
        browser = await chromium.user();
      });
      afterEach(() => browser.close());

      async function restart(over: Partial<WebsiteConfiguration> = {}): Promise<void> {
        configuration = { ...configuration, ...over };
        await site.restart(configuration);
      }
      async function pass(seconds: number): Promise<void> {
        entra.clock.advance(seconds);
        await site.clockMoved?.(entra.clock.now());
      }
      let turn = 0;
      const testInTurn = (title: string, scenario: () => Promise<void>): void => {
        if (isFull || turn % sites.length === index) test(title, scenario);
        turn += 1;
      };
      const textOf = (page: Page, id: string) => page.locator(`#${id}`).textContent();
      async function who(page: Page): Promise<string | null> {
        await page.goto(origin);
        return textOf(page, "who");
      }
      const isBack = (url: URL): boolean => url.origin === origin && !url.pathname.startsWith("/auth/");
      async function signIn(page: Page, path = "/auth/sign-in"): Promise<void> {
        await page.goto(origin + path);
        if (new URL(page.url()).origin !== origin) await typeCredentials(page, alice);
        await page.waitForURL(isBack);
      }
      async function signOut(page: Page): Promise<void> {
        await page.locator("button").click();
        await page.waitForURL(`${origin}/`);
      }

      async function signInAndOut(): Promise<void> {
        const { page } = browser;
        expect(await who(page)).toBe("nobody");
        await signIn(page, "/payments");
        expect([page.url(), await textOf(page, "api")]).toEqual([
          `${origin}/payments`,
          "payments of Alice Archer, by way of orders",
        ]);
        expect(await who(page)).toBe(alice.username);
        await signOut(page);
        expect(await who(page)).toBe("nobody");
        // The session at the provider has ended as well.
        await page.goto(`${origin}/auth/sign-in`);
        await page.locator('input[type="password"]').waitFor();
      }

      testInTurn(`${signsInAndOut}, with query`, signInAndOut);

      test("the API refuses a call without a token, and says where its metadata is", async () => {
        const { status, headers } = await fetch(`${origin}/api/payments`);
        const [, url = ""] = /resource_metadata="([^"]+)"/.exec(headers.get("www-authenticate") ?? "") ?? [];
        expect([status, url]).toEqual([401, `${origin}/.well-known/oauth-protected-resource/api`]);
        expect(await (await fetch(url)).json()).toMatchObject({ resource: `${origin}/api` });
      });

      testInTurn("two tabs, the back button, and a sign-out in another tab", async () => {
        const { context, page } = browser;
        const other = await context.newPage();
        await page.goto(`${origin}/auth/sign-in?returnTo=/payments`);
        await other.goto(`${origin}/auth/sign-in`);
        await typeCredentials(page, alice);
        await page.waitForURL(`${origin}/payments`);
        await typeCredentials(other, alice);
        await other.waitForURL(`${origin}/`);
        expect(await textOf(other, "who")).toBe(alice.username);
        // Back to the provider's page, or to the answer: the user stays signed in, and sees no error.
        await page.goto(origin);
        await page.goBack();
        expect(await who(page)).toBe(alice.username);
        await signOut(other);
        await page.reload();
        expect(await textOf(page, "who")).toBe("nobody");
        // What the history has is not shown again.
        await other.goBack();
        expect(await other.locator("body").textContent()).not.toContain(alice.username);
      });

      testInTurn("a session that is not used for too long expires", async () => {
        const { page } = browser;
        await signIn(page);
        await pass(IDLE + 1);
        expect(await who(page)).toBe("nobody");
      });

      testInTurn(
        "a sign-in whose cookie is too old says so, and leads to a new one that comes back to the page",
        async () => {
          const { page } = browser;
          await page.goto(`${origin}/auth/sign-in?returnTo=/payments`);
          await pass(LONGEST_SIGN_IN + 100);
          await typeCredentials(page, alice);
          await page.getByText("out of date").waitFor();
          expect(await who(page)).toBe("nobody");
          await signIn(page, "/payments");
          expect(page.url()).toBe(`${origin}/payments`);
        },
      );

      testInTurn("a user of whom an API demands more proves it, and comes back to the page", async () => {
        const { page } = browser;
        await signIn(page);
        await page.goto(`${origin}/vault`);
        await page.getByText("Approve", { exact: true }).click();
        await page.waitForURL(`${origin}/vault`);
        expect(await textOf(page, "api")).toBe("vault of Alice Archer, by way of orders");
        expect(await who(page)).toBe(alice.username);
      });

      testInTurn(
        "the secrets rotate, and a user whose tokens are gone is led to the provider, and comes back to the page",
        async () => {
          const { page } = browser;
          await signIn(page);
          // A sign-in that was just completed does not begin again by itself.
          await pass(100);
          const [first = ""] = configuration.secrets;
          const second = `the-next-after-${first}`;
          // To start Next.js takes seconds: the next test finds what it needs.
          await restart({ secrets: [second, first], responseMode: "form_post" });
          expect(await who(page)).toBe(alice.username);
          await restart({ secrets: [second] });
          expect(await who(page)).toBe(alice.username);
          await signIn(page, "/payments");
          expect([page.url(), await textOf(page, "api")]).toEqual([
            `${origin}/payments`,
            "payments of Alice Archer, by way of orders",
          ]);
        },
      );

      test(`${signsInAndOut}, with form_post`, async () => {
        if (configuration.responseMode !== "form_post") await restart({ responseMode: "form_post" });
        await signInAndOut();
      });
    });
  });
}

const usual: WebsiteConfiguration = {
  secrets: ["the-first-secret-of-the-sessions-0123456789"],
  responseMode: "query",
};
const signsInAndOut =
  "a user signs in on the way to a page, which shows what an API says on the user's behalf, and out";
const IDLE = 2 * 3600;
const LONGEST_SIGN_IN = 3600;
