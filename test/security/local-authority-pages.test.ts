// proves: local-authority/src/server/check-origin.ts, local-authority/src/pages/layout.ts
// The local authority's own pages take forms from nobody but themselves, and stand in no frame.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { hasChromium, launchChromium, typeCredentials, type Chromium } from "../support/chromium.js";
import { describeWith } from "../support/real-part.js";
import {
  alice,
  appToken,
  authority,
  authorizeUrl,
  client,
  contoso,
  evil,
  send,
  tokenPath,
} from "../support/web-stage.js";

/** Opens the sign-in page and signs in as far as the next page. */
async function visit(
  parameters: Readonly<Record<string, string>>,
  user?: { username: string; password: string },
) {
  const first = await send(authorizeUrl(parameters));
  const cookie = cookiesOf(first.headers);
  if (user === undefined) return { ...first, cookie };
  const next = await send(`${authority.url}/${contoso}/login`, {
    method: "POST",
    headers: { cookie, origin: authority.url },
    form: { ctx: hiddenField(first.text), ...user },
  });
  return { ...next, cookie: [cookie, cookiesOf(next.headers)].filter(Boolean).join("; ") };
}

const cookiesOf = (headers: Readonly<Record<string, string | string[] | undefined>>) =>
  [headers["set-cookie"] ?? []]
    .flat()
    .map((line) => line.split(";")[0])
    .join("; ");
const hiddenField = (text: string) => /name="ctx" value="([^"]*)"/.exec(text)?.[1] ?? "";
const bob = { username: "bob@contoso.example", password: "bob-password" };
const mia = { username: "mia@contoso.example", password: "mia-password" };
const consent = { client_id: client("a3") };

describe("the forms of the sign-in pages are taken from these pages only", () => {
  const pages = [
    ["login", () => visit({}), alice],
    ["select-account", () => visit({ prompt: "create" }), { account: "other" }],
    ["verify", () => visit({}, mia), { decision: "accept" }],
    ["consent", () => visit(consent, alice), { decision: "accept" }],
  ] as const;

  it.each(pages)("%s", async (name, open, answer) => {
    const { text, cookie } = await open();
    const url = `${authority.url}/${contoso}/${name}`;
    const form = { ctx: hiddenField(text), ...answer };
    for (const origin of [evil, "null", "https://spa.example", "http://localhost:3000"]) {
      const refused = await send(url, { method: "POST", headers: { cookie, origin }, form });
      expect([origin, refused.status]).toEqual([origin, 403]);
    }
    const strange = await send(url, { method: "POST", headers: { origin: authority.url }, form });
    expect(strange.status).toBe(400);
    const taken = await send(url, { method: "POST", headers: { cookie, origin: authority.url }, form });
    expect([200, 302]).toContain(taken.status);
  });

  it("the code of a device", async () => {
    const url = `${authority.url}/common/oauth2/deviceauth`;
    for (const [origin, status] of [
      [evil, 403],
      ["null", 403],
      [authority.url, 200],
    ] as const) {
      const form = { user_code: "BCDFGHJKL" };
      expect((await send(url, { method: "POST", headers: { origin }, form })).status).toBe(status);
    }
  });
});

describe("no page can be framed, and none lets its address leave", () => {
  it.each([
    ["sign in", () => visit({})],
    ["create an account", () => visit({ prompt: "create" })],
    ["verify", () => visit({}, mia)],
    ["consent", () => visit(consent, bob)],
    ["error", () => visit({ redirect_uri: "https://evil.example" })],
    ["form_post", () => visit({ response_mode: "form_post" }, alice)],
    ["device code", () => send(`${authority.url}/common/oauth2/deviceauth`)],
    ["signed out", () => send(`${authority.url}/common/oauth2/v2.0/logout`)],
  ])("%s", async (_, open) => {
    const { headers, text } = await open();
    expect(text).toContain("<!doctype html>");
    expect(headers).toMatchObject({
      "x-frame-options": "DENY",
      "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
    });
  });
});

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let pages: { readonly port: number; readonly close: () => void };
  beforeAll(async () => {
    chromium = await launchChromium();
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/html").end("<!doctype html><title>a page</title>");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    pages = { port: (server.address() as AddressInfo).port, close: () => void server.close() };
  });
  afterAll(async () => {
    pages.close();
    await chromium.close();
  });

  const fetchToken = ([url, body]: readonly [string, string]): Promise<string> =>
    fetch(url, { method: "POST", body: new URLSearchParams(body) }).then(
      (answer) => answer.text(),
      (error: unknown) => String(error),
    );

  it("a page of a stranger reads no token with the public secrets; that of an app does", async () => {
    const { page, close } = await chromium.user();
    const ask = [authority.url + tokenPath, new URLSearchParams(appToken).toString()] as const;
    await page.goto(`http://localhost:${pages.port}/`);
    expect(await page.evaluate(fetchToken, ask)).toContain("access_token");
    await page.goto(`http://evil.localhost:${pages.port}/`);
    expect(await page.evaluate(fetchToken, ask)).toBe("TypeError: Failed to fetch");
    await close();
  });

  it("a page of a stranger cannot post the form for a device's code; the user can, and signs in", async () => {
    const { user_code, verification_uri } = JSON.parse(
      (
        await send(`${authority.url}/${contoso}/oauth2/v2.0/devicecode`, {
          method: "POST",
          form: { client_id: client("a2"), scope: "openid" },
        })
      ).text,
    ) as { user_code: string; verification_uri: string };
    const { page, close } = await chromium.user();
    await page.goto(`http://localhost:${pages.port}/`);
    await page.setContent(
      `<form method="post" action="${verification_uri}"><input name="user_code" value="${user_code}"><button>Win</button></form>`,
    );
    await page.getByRole("button").click();
    await page.waitForURL(verification_uri);
    expect(await page.locator("body").innerText()).toContain("Only its own pages may send this form.");
    await page.goto(verification_uri);
    await page.getByLabel("Code").fill(user_code);
    await page.getByRole("button", { name: "Next" }).click();
    await typeCredentials(page, alice);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("You have signed in").waitFor();
    await close();
  });
});
