// Every page that a person sees fits the smallest screen, takes the keyboard at once, and is dark where the system is.
// proves: local-authority/src/pages/layout.ts
import { createServer, type RequestListener, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import type { Page } from "playwright-core";
import {
  errorPage,
  foreignResponsePage,
  otherAddressPage,
  repeatedPage,
  successPage,
} from "../../packages/node/src/interactive/pages.js";
import {
  hasChromium,
  launchChromium,
  screenshot,
  typeCredentials,
  type Chromium,
} from "../support/chromium.js";
import { describeWith } from "../support/real-part.js";

/** The app's; the port is decided when the app starts. */
let redirectUri = "http://localhost/callback";
const apps = [
  {
    clientId: "shop",
    name: "A shop with a rather long name",
    redirectUris: [redirectUri],
    requiresConsent: true,
  },
  { clientId: "plain", name: "Plain", redirectUris: [redirectUri], multiTenant: true },
];
const user = { username: "alexandria.featherstonehaugh@contoso.example", password: "a password" };

const everybody = Array.from({ length: 12 }, (_, index) => `user-${index}@crowd.example`);

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let authority: LocalAuthority;
  let app: Server;
  beforeAll(async () => {
    const tenants = [
      { domain: "contoso.example", apps, users: [user, { username: "bob@contoso.example", password: "b" }] },
      { domain: "crowd.example", users: everybody.map((username) => ({ username })) },
    ];
    app = await serve((_, response) => response.end("back"));
    redirectUri = `http://localhost:${portOf(app)}/callback`;
    [chromium, authority] = await Promise.all([
      launchChromium(),
      startLocalAuthority({ http: true, tenants }),
    ]);
  });
  afterAll(async () => {
    app.close();
    app.closeAllConnections();
    await chromium.close();
    await authority.close();
  });

  const authorize = (segment: string, over: Record<string, string> = {}): string => {
    const parameters = {
      client_id: "plain",
      response_type: "code",
      redirect_uri: redirectUri,
      scope: "openid",
    };
    const query = new URLSearchParams({ ...parameters, ...over });
    return `${authority.url}/${segment}/oauth2/v2.0/authorize?${query.toString()}`;
  };
  const signIn = async (page: Page): Promise<void> => {
    await typeCredentials(page, user);
    await page.waitForLoadState();
  };

  /** The way to each page of the local authority, and whether there is something to type or press. */
  const pages: Readonly<
    Record<string, { readonly open: (page: Page) => Promise<unknown>; readonly isForm: boolean }>
  > = {
    "sign-in": { open: (page) => page.goto(authorize("contoso.example")), isForm: true },
    "b2c-sign-in": { open: (page) => page.goto(authorize("contoso.example/b2c_1_signin")), isForm: true },
    "sign-in-error": {
      open: async (page) => {
        await page.goto(authorize("contoso.example"));
        await typeCredentials(page, { ...user, password: "wrong" });
        await page.getByRole("alert").waitFor();
      },
      isForm: true,
    },
    picker: {
      open: async (page) => {
        await page.goto(authorize("contoso.example"));
        await signIn(page);
        await isBack(page);
        await page.goto(authorize("contoso.example", { prompt: "select_account" }));
      },
      isForm: true,
    },
    consent: {
      open: async (page) => {
        await page.goto(
          authorize("contoso.example", {
            client_id: "shop",
            scope: "openid profile offline_access User.Read",
          }),
        );
        await signIn(page);
      },
      isForm: true,
    },
    create: { open: (page) => page.goto(authorize("contoso.example", { prompt: "create" })), isForm: true },
    error: {
      open: (page) =>
        page.goto(authorize("contoso.example", { redirect_uri: `${redirectUri}/${"long".repeat(30)}` })),
      isForm: false,
    },
    device: { open: (page) => page.goto(`${authority.url}/common/oauth2/deviceauth`), isForm: true },
    "signed-out": {
      open: (page) => page.goto(`${authority.url}/contoso.example/oauth2/v2.0/logout`),
      isForm: false,
    },
  };

  test.each(Object.keys(pages))("%s", async (name) => {
    const person = await chromium.user();
    try {
      const { page } = person;
      await page.setViewportSize({ width: 320, height: 640 });
      await pages[name]?.open(page);
      await screenshot(page, `page-${name}-320`);
      await expectFits(page);
      const focused = await page.evaluate<string>("document.activeElement?.tagName");
      expect(focused === "INPUT" || focused === "BUTTON").toBe(pages[name]?.isForm);
      await expectDark(page, `page-${name}-320-dark`);
    } finally {
      await person.close();
    }
  });

  test.each([
    ["contoso.example", ["contoso.example"]],
    ["contoso.example/b2c_1_signin", ["contoso.example"]],
    ["crowd.example", ["crowd.example"]],
    ["common", ["contoso.example", "fabrikam.example", "crowd.example"]],
  ])("the users of %s are there to click", async (segment, domains) => {
    const users = authority.config.tenants
      .filter(({ domain }) => domains.includes(domain))
      .flatMap(({ users: own }) => own);
    const person = await chromium.user();
    try {
      const { page } = person;
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(authorize(segment));
      const buttons = await page.locator('button[name="user"]').all();
      const listed = await Promise.all(buttons.map((button) => button.getAttribute("value")));
      expect(listed).toEqual(users.slice(0, 10).map(({ username }) => username));
      expect(await page.getByRole("link", { name: `All ${users.length} users` }).count()).toBe(
        users.length > 10 ? 1 : 0,
      );
      await buttons.at(-1)?.click();
      await isBack(page);
    } finally {
      await person.close();
    }
  });

  test("the Enter key signs in where a user flow has other buttons, too", async () => {
    const person = await chromium.user();
    try {
      const { page } = person;
      await page.goto(authorize("contoso.example/b2c_1_signin"));
      await page.locator("#username").fill(user.username);
      await page.locator("#password").fill(user.password);
      await page.locator("#password").press("Enter");
      await isBack(page);
    } finally {
      await person.close();
    }
  });

  test.each<[string, string]>([
    ["success", successPage({})],
    ["failure", errorPage({}, `AADSTS50011: ${"https://a.example/".repeat(12)}. See (https://aka.ms/help).`)],
    ["repeated", repeatedPage()],
    ["stranger", foreignResponsePage()],
    ["other-address", otherAddressPage()],
  ])("after a sign-in: %s", async (name, html) => {
    const server = await serve((_, response) => response.setHeader("content-type", "text/html").end(html));
    const person = await chromium.user();
    try {
      const { page } = person;
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(`http://127.0.0.1:${portOf(server)}/`);
      await screenshot(page, `page-${name}-320`);
      await expectFits(page);
      await expectDark(page, `page-${name}-320-dark`);
    } finally {
      await person.close();
      server.close();
      server.closeAllConnections();
    }
  });
});

test("an address in the provider's words is a link; a quoted one, which may come from the request, is not", () => {
  const said =
    "AADSTS1: 'https://evil.example/' is wrong (https://aka.ms/a?b=1&c=<x>). See https://aka.ms/help.";
  const links = errorPage({}, said).match(/<a [^>]*>[^<]*<\/a>/g);
  expect(links).toEqual([
    '<a href="https://aka.ms/a?b=1&#38;c=" rel="noreferrer">https://aka.ms/a?b=1&#38;c=</a>',
    '<a href="https://aka.ms/help" rel="noreferrer">https://aka.ms/help</a>',
  ]);
});

async function serve(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** The browser has come back to the app with a code. */
async function isBack(page: Page): Promise<void> {
  await page.waitForURL((url) => url.href.startsWith(redirectUri) && url.searchParams.has("code"));
}

/** What is outside: the tests are compiled without the browser's types, so what runs there is a text. */
const OUTSIDE = `(() => {
  const width = document.documentElement.clientWidth;
  const main = document.querySelector("main");
  const style = getComputedStyle(main);
  const card = main.getBoundingClientRect();
  const left = card.left + parseFloat(style.paddingLeft) - 1;
  const right = card.right - parseFloat(style.paddingRight) + 1;
  const beyond = [...main.querySelectorAll("*")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && (box.left < left || box.right > right);
  });
  return [
    ...(card.left >= 8 && width - card.right >= 8 ? [] : ["no margin"]),
    ...(document.documentElement.scrollWidth > width ? ["scrolls"] : []),
    ...beyond.map((element) => element.tagName + " " + element.textContent.trim()),
  ];
})()`;

/** Nothing is off the screen, and what stands in the card stays inside its padding. */
async function expectFits(page: Page): Promise<void> {
  expect(await page.evaluate<string[]>(OUTSIDE)).toEqual([]);
}

async function expectDark(page: Page, name: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "dark" });
  const colour = await page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
  const [red = 255, green = 255, blue = 255] = (colour.match(/\d+/g) ?? []).map(Number);
  expect(red + green + blue).toBeLessThan(150);
  await screenshot(page, name);
}
