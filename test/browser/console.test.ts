// The console in a real browser: what arrives is seen, what is pressed is done, by mouse and by keyboard, small and dark.
// proves: local-authority/src/console/page/console-page.ts, local-authority/src/console/page/style.ts,
// local-authority/src/console/page/api-script.ts, local-authority/src/console/page/tab-script.ts,
// local-authority/src/console/page/request-script.ts, local-authority/src/console/page/setting-script.ts,
// local-authority/src/console/page/forge-script.ts
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { decodeJwt, decodeProtectedHeader } from "jose";
import type { Page } from "playwright-core";
import {
  hasChromium,
  launchChromium,
  screenshot,
  type Chromium,
  type ChromiumUser,
} from "../support/chromium.js";
import { describeWith } from "../support/real-part.js";

const tabs = ["requests", "directory", "faults", "clock", "tokens", "identities"];
const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
const alice = { username: "alice@contoso.example", password: "alice-password" };

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let authority: LocalAuthority;
  let user: ChromiumUser;
  let page: Page;
  const problems: string[] = [];
  beforeAll(async () => {
    [chromium, authority] = await Promise.all([launchChromium(), startLocalAuthority({ http: true })]);
    user = await chromium.user();
    ({ page } = user);
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error" && !/400 \(Bad Request\)/.test(message.text()))
        problems.push(message.text());
    });
  });
  beforeEach(async () => {
    authority.revokeSignInSessions(alice.username);
    await page.setViewportSize({ width: 1100, height: 760 });
    await page.emulateMedia({ colorScheme: "light" });
  });
  afterEach(async () => {
    // Ends the page's stream: the next one begins with nothing selected.
    await page.goto("about:blank");
    await fetch(`${authority.url}/_console/faults`, { method: "DELETE" });
    await fetch(`${authority.url}/_console/clock`, { method: "DELETE" });
    authority.clearRequests();
    // Also: nothing that the page's own policy had to block.
    expect(problems.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await user.close();
    await chromium.close();
    await authority.close();
  });

  const token = (over: Record<string, string> = {}) =>
    fetch(`${authority.authorityUrl()}/oauth2/v2.0/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "password",
        client_id: desktop,
        scope: "openid profile offline_access",
        ...alice,
        ...over,
      }),
    });
  const open = async (tab = "") => {
    await page.goto(`${authority.url}/${tab === "" ? "" : `#${tab}`}`);
    await page.getByText("Live", { exact: true }).waitFor();
  };
  const items = () => page.locator("#list li:visible");
  const notice = (text: string) => page.locator("#notice").getByText(text).waitFor();

  test("a request is there as it arrives, and says what it asks and what came of it", async () => {
    await open();
    expect(await items().count()).toBe(0);
    await token();
    await token({ password: "wrong-password-wrong" });
    await items().nth(1).waitFor();
    await page.locator("#list .bad", { hasText: "400" }).waitFor();
    expect(await items().allInnerTexts()).toEqual([
      expect.stringMatching(
        /A user's name and password[^]*400[^]*Contoso Desktop · alice@contoso\.example · invalid_grant/,
      ),
      expect.stringMatching(/A user's name and password[^]*200[^]*Contoso Desktop · alice@contoso\.example/),
    ]);
    await items().nth(1).click();
    const detail = page.locator("#detail");
    await detail.getByText("Taken apart; signature: valid, made with this authority's key").first().waitFor();
    const text = await detail.innerText();
    expect(text).toContain("The app that asks (RFC 6749");
    expect(text).toMatch(/exp\s+\d+\s+\S+Z, in 60 minutes/);
    expect(text).not.toContain(alice.password);
    expect(text).not.toMatch(/eyJ[\w-]+\.eyJ/);
    // For the picture: a token that is taken apart.
    await page.evaluate(
      'document.querySelector("#detail").scrollTop += document.querySelector("#detail details").getBoundingClientRect().top - 300',
    );
    await screenshot(page, "console-requests");
    await items().first().click();
    await detail.getByText("AADSTS50126").waitFor();
  });

  test("requests are searched, filtered and cleared", async () => {
    await open();
    await token();
    await fetch(`${authority.url}/common/discovery/v2.0/keys`);
    await fetch(`${authority.url}/nothing`);
    await page.locator("#list").getByText("404").waitFor();
    const visible = async () => (await items().allInnerTexts()).map((text) => text.split("\n")[0]);
    await page.locator("#search").fill("ALICE");
    expect(await visible()).toEqual(["A user's name and password"]);
    await page.locator("#search").fill("");
    await page.locator("#endpoint").selectOption("keys");
    expect(await visible()).toEqual(["Reads the signing keys"]);
    await page.locator("#endpoint").selectOption("");
    await page.getByLabel("Refused only").check();
    expect(await visible()).toEqual(["GET /nothing"]);
    expect(await page.locator("#count").innerText()).toBe("1 of 3 requests");
    await page.getByRole("button", { name: "Clear" }).click();
    await notice("Cleared.");
    expect(authority.requests).toEqual([]);
  });

  test("the keyboard is enough: tabs, search, list and detail", async () => {
    await token();
    await fetch(`${authority.url}/common/discovery/v2.0/keys`);
    await open();
    await items().nth(1).waitFor();
    await page.keyboard.press("/");
    expect(await focused()).toBe("search");
    await page.keyboard.type("alice");
    expect(await items().count()).toBe(1);
    await page.locator("#search").fill("");
    await page.locator("#list").focus();
    await page.keyboard.press("ArrowDown");
    await page.locator('#list li[aria-selected="true"]', { hasText: "Reads the signing keys" }).waitFor();
    await page.keyboard.press("ArrowDown");
    await page.locator("#detail").getByText("Form", { exact: true }).waitFor();
    await page.keyboard.press("Enter");
    expect(await focused()).toBe("detail");
    await page.locator("#tab-requests").focus();
    for (const tab of [...tabs.slice(1), "requests"]) {
      await page.keyboard.press("ArrowRight");
      expect(await focused()).toBe(`tab-${tab}`);
      await page.locator(`#${tab}`).waitFor();
      expect(await page.locator("[role=tabpanel]:visible").count()).toBe(1);
    }
    await page.keyboard.press("End");
    expect(await focused()).toBe("tab-identities");
  });
  const focused = () => page.evaluate<string>("document.activeElement.id");

  test("apps and users are there, to be copied, and a user's sessions are revoked", async () => {
    await user.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const { refresh_token: refreshToken } = (await (await token()).json()) as Record<string, string>;
    await open("directory");
    const card = page.locator('[data-user="alice@contoso.example"]');
    await card.getByText("1 refresh token: Contoso Desktop").waitFor();
    expect(await page.locator("#directory").innerText()).not.toContain("contoso-web-secret");
    await page.getByRole("button", { name: "Copy secret of Contoso Web" }).click();
    await notice("Copied: secret of Contoso Web");
    expect(await page.evaluate<string>("navigator.clipboard.readText()")).toBe("contoso-web-secret");
    await screenshot(page, "console-directory");
    await card.getByRole("button", { name: "Revoke sessions" }).click();
    await notice("is revoked");
    await card.getByText("0 refresh tokens").waitFor();
    const refreshed = await token({ grant_type: "refresh_token", refresh_token: refreshToken ?? "" });
    expect(await refreshed.json()).toMatchObject({ error_codes: [50173] });
    await card.getByRole("button", { name: "Disable" }).click();
    await card.getByText("Disabled", { exact: true }).waitFor();
    expect(await (await token()).json()).toMatchObject({ error_codes: [50057] });
    await card.getByRole("button", { name: "Enable" }).click();
    await card.getByText("Disabled", { exact: true }).waitFor({ state: "detached" });
  });

  test("a fault is one click away, and any other is a form", async () => {
    await open("faults");
    await page.getByRole("button", { name: "The next token request answers 429" }).click();
    await page.locator("#active-faults").getByText('"status":429').waitFor();
    await screenshot(page, "console-faults");
    await page.emulateMedia({ colorScheme: "dark" });
    await screenshot(page, "console-faults-dark");
    expect((await token()).status).toBe(429);
    // Seen without pressing anything.
    await page.locator("#active-faults").getByText("None.").waitFor();
    await page.locator("#fault-match").selectOption("token");
    await page.locator("#fault-where").fill('{"grant_type":"password"}');
    await page.locator("#fault-status").fill("503");
    await page.locator("#fault-times").fill("always");
    await page.getByRole("button", { name: "Add the fault" }).click();
    await page.locator("#active-faults").getByText('"times":"always"').waitFor();
    expect([(await token()).status, (await token()).status]).toEqual([503, 503]);
    await page.locator("#active-faults").getByText("2 hits").waitFor();
    await page.getByRole("button", { name: "Remove all" }).click();
    await page.locator("#active-faults").getByText("None.").waitFor();
    expect((await token()).status).toBe(200);
  });

  test("what cannot be done is said, with the remedy", async () => {
    await open("faults");
    await page.locator("#fault-status").fill("99");
    await page.getByRole("button", { name: "Add the fault" }).click();
    await notice("use an HTTP status from 200 to 599");
    await page.locator("#fault-where").fill("{");
    await page.getByRole("button", { name: "Add the fault" }).click();
    await notice("Only where is not JSON");
  });

  test("the clock is moved and put back", async () => {
    await open("clock");
    await page.getByRole("button", { name: "An hour later" }).click();
    await notice("The clock is moved.");
    await page.locator("#time").getByText("moved by 3600 s").waitFor();
    const { access_token: moved } = (await (await token()).json()) as { access_token: string };
    expect((decodeJwt(moved).iat ?? 0) - Date.now() / 1000).toBeGreaterThan(3500);
    await screenshot(page, "console-clock");
    await page.getByRole("button", { name: "Back to the real time" }).click();
    await notice("The clock shows the real time.");
    expect(await page.locator("#time").innerText()).not.toContain("moved");
  });

  test("a token of any shape is made", async () => {
    await open("tokens");
    await page.locator("#forge-key").selectOption("impostor");
    await page.locator("#forge-lifetime").fill("-60");
    await page.locator("#forge-claims").fill('{"roles":["Admin"]}');
    await page.getByRole("button", { name: "Make the token" }).click();
    const made = await page.locator("#forged-token").innerText();
    await screenshot(page, "console-tokens");
    expect(decodeJwt(made)).toMatchObject({ roles: ["Admin"], preferred_username: alice.username });
    expect((decodeJwt(made).exp ?? 0) * 1000).toBeLessThan(Date.now());
    const { keys } = (await (await fetch(`${authority.url}/common/discovery/v2.0/keys`)).json()) as {
      keys: { kid: string }[];
    };
    expect(decodeProtectedHeader(made).kid).toBe(keys[0]?.kid);
  });

  test("a host with managed identities is started, used and stopped", async () => {
    await open("identities");
    await page.locator("#host").selectOption("app-service");
    await page.getByRole("button", { name: "Start", exact: true }).click();
    const shell = await page.locator("#running-hosts pre").innerText();
    await screenshot(page, "console-identities");
    const read = (name: string) => new RegExp(`${name}=(\\S+)`).exec(shell)?.[1] ?? "";
    const asked = await fetch(
      `${read("IDENTITY_ENDPOINT")}?api-version=2019-08-01&resource=https://vault.azure.net`,
      {
        headers: { "x-identity-header": read("IDENTITY_HEADER") },
      },
    );
    expect(asked.status).toBe(200);
    await page.getByRole("button", { name: "Stop app-service" }).click();
    await page.locator("#running-hosts").getByText("None.").waitFor();
  });

  test("a test user signs in with one click, which is seen in the console", async () => {
    const app = createServer((_, response) => response.end("back")).listen(0, "localhost");
    await once(app, "listening");
    const redirectUri = `http://localhost:${(app.address() as AddressInfo).port}/callback`;
    const query = new URLSearchParams({
      client_id: desktop,
      response_type: "code",
      redirect_uri: redirectUri,
      scope: "openid",
    });
    await page.goto(`${authority.authorityUrl()}/oauth2/v2.0/authorize?${query.toString()}`);
    await screenshot(page, "sign-in");
    await page.getByRole("button", { name: alice.username }).click();
    await page.waitForURL((url) => url.searchParams.has("code"));
    app.close();
    await open();
    await items().first().click();
    await page.locator("#detail").getByText("Redirected to").waitFor();
    const text = await page.locator("#detail").innerText();
    expect(text).toContain(redirectUri);
    expect(text).toMatch(/code\s+\S{4}… \(\d+ characters\)/);
  });

  test("what somebody sends is shown as text and nothing else", async () => {
    await open();
    const markup = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    await token({ client_id: markup, username: markup });
    await fetch(`${authority.url}/${encodeURIComponent(markup)}?${encodeURIComponent(markup)}=1`);
    await items().nth(1).waitFor();
    for (const index of [0, 1]) {
      await items().nth(index).click();
      await page.locator(`#list li[aria-selected="true"]`).nth(0).waitFor();
    }
    await page.locator("#detail").getByText("onerror", { exact: false }).first().waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).toBe("Tessera local authority");
  });

  test("a page that is left open notices that the authority has gone, and that another one has come", async () => {
    const first = await startLocalAuthority({ http: true });
    await page.goto(first.url);
    await page.getByText("Live", { exact: true }).waitFor();
    await fetch(`${first.url}/one`);
    await page.locator("#list").getByText("GET /one").waitFor();
    await first.close();
    await page.getByText("Not connected").waitFor();
    // The browser says that it could not connect.
    problems.splice(0);
    const second = await startLocalAuthority({ http: true, port: first.port });
    await fetch(`${second.url}/two`);
    await page.locator("#list").getByText("GET /two").waitFor();
    expect(await page.locator("#list").innerText()).not.toContain("/one");
    problems.splice(0);
    await page.goto("about:blank");
    await second.close();
  });

  test.each(tabs)("%s fits the smallest screen, and is dark where the system is", async (tab) => {
    await token();
    await page.setViewportSize({ width: 320, height: 640 });
    await open(tab);
    await page.locator(`#${tab} :is(button, li)`).first().waitFor();
    if (tab === "requests") {
      await items().first().click();
      await page.locator("#detail").getByText("Taken apart").first().waitFor();
      expect(await page.locator("#list").isVisible()).toBe(false);
    }
    expect(await page.evaluate<string[]>(OUTSIDE)).toEqual([]);
    const chosen = await page.locator(`#tab-${tab}`).boundingBox();
    expect(chosen?.x).toBeGreaterThan(-1);
    expect((chosen?.x ?? 0) + (chosen?.width ?? 999)).toBeLessThan(321);
    await screenshot(page, `console-${tab}-320`);
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await page.evaluate<string[]>(UNREADABLE)).toEqual([]);
    await screenshot(page, `console-${tab}-320-dark`);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await page.evaluate<string[]>(UNREADABLE)).toEqual([]);
    if (tab === "requests") {
      await page.getByRole("button", { name: "Back to the list" }).click();
      expect(await page.locator("#list").isVisible()).toBe(true);
    }
  });
});

/** What is outside of the window: the tests are compiled without the browser's types, so what runs there is a text. */
const OUTSIDE = `(() => {
  const width = document.documentElement.clientWidth;
  const scrolls = (element) => element && (getComputedStyle(element).overflowX === "auto" || scrolls(element.parentElement));
  return [
    ...(document.documentElement.scrollWidth > width ? ["the page scrolls"] : []),
    ...[...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1 && !scrolls(element.parentElement);
    }).map((element) => element.tagName + " " + element.id),
  ];
})()`;

/** Texts with less contrast to what is behind them than WCAG 2.2 §1.4.3 asks for. */
const UNREADABLE = `(() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return numbers(color)[3] === 0 && element.parentElement ? ground(element.parentElement) : color;
  };
  return [...document.querySelectorAll("body *")].filter((element) =>
    element.getClientRects().length > 0 && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "") && !element.closest("script, option")
  ).filter((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05) < 4.5;
  }).map((element) => element.tagName + " " + element.textContent.trim().slice(0, 40));
})()`;
