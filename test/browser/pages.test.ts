// Every page that a person sees fits the smallest screen, takes the keyboard at once, and is dark where the system is.
// proves: local-authority/src/pages/layout.ts, local-authority/src/pages/home.ts, local-authority/src/endpoints/home.ts
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import type { Page } from "playwright-core";
import {
  errorPage,
  repeatedPage,
  foreignResponsePage,
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

const redirectUri = "http://localhost:4000/callback";
const apps = [
  {
    clientId: "shop",
    name: "A shop with a rather long name",
    redirectUris: [redirectUri],
    requiresConsent: true,
  },
  { clientId: "plain", name: "Plain", redirectUris: [redirectUri] },
];
const user = { username: "alexandria.featherstonehaugh@contoso.example", password: "a password" };

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let authority: LocalAuthority;
  beforeAll(async () => {
    const tenants = [
      { domain: "contoso.example", apps, users: [user, { username: "bob@contoso.example", password: "b" }] },
    ];
    [chromium, authority] = await Promise.all([
      launchChromium(),
      startLocalAuthority({ http: true, tenants }),
    ]);
  });
  afterAll(async () => {
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
    home: { open: (page) => page.goto(authority.url), isForm: false },
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
        page.setDefaultTimeout(5000);
        await page.route("http://localhost:4000/**", (route) => route.fulfill({ body: "back" }));
        await page.goto(authorize("contoso.example"));
        await signIn(page);
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

  test.each<[string, string]>([
    ["success", successPage({})],
    ["failure", errorPage({}, `AADSTS50011: ${"https://a.example/".repeat(12)}.`)],
    ["repeated", repeatedPage()],
    ["stranger", foreignResponsePage()],
  ])("after a sign-in: %s", async (name, html) => {
    const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(html));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const person = await chromium.user();
    try {
      const { page } = person;
      await page.setViewportSize({ width: 320, height: 640 });
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
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
