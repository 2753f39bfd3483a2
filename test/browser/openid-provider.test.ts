// Interactive sign-in in Debian's Chromium at an OpenID Provider nobody here wrote.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import {
  hasChromium,
  launchChromium,
  screenshot,
  typeCredentials,
  type Chromium,
} from "../support/chromium.js";
import { accountOf } from "../support/entra.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { describeWith } from "../support/real-part.js";

const olga = { username: "olga@example.org", password: "any" };

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let provider: OpenIdProvider;
  beforeAll(async () => {
    [chromium, provider] = await Promise.all([launchChromium(), startOpenIdProvider()]);
  });
  afterAll(async () => {
    await chromium.close();
    await provider.close();
  });

  const publicClient = (): PublicClientApplication =>
    new PublicClientApplication({
      auth: { clientId: provider.clients.publicClient.clientId, oidcAuthority: provider.url },
      system: { proxy: false },
    });

  test("signs a user in, who agrees; the code comes in a form", async () => {
    const { page, close } = await chromium.user();
    const app = publicClient();
    const { account, accessToken } = await app.acquireTokenInteractive({
      scopes: ["openid", "offline_access"],
      openBrowser: async (url) => {
        await page.goto(url);
        await typeCredentials(page, olga);
        await screenshot(page, "oidc-provider-consent-page");
        await page.locator('button[type="submit"]').first().click();
      },
    });
    expect(account?.username).toBe(olga.username);
    await page.getByText("You are signed in").waitFor();
    const silent = await app.acquireTokenSilent({
      scopes: ["openid", "offline_access"],
      account: accountOf({ account } as never),
    });
    expect(silent).toMatchObject({ fromCache: true, accessToken });
    await close();
  });

  test("tells app and user when the user cancels", async () => {
    const { page, close } = await chromium.user();
    const result = publicClient().acquireTokenInteractive({
      scopes: ["openid"],
      openBrowser: async (url) => {
        await page.goto(url);
        await page.getByText(/cancel/i).click();
      },
    });
    await expect(result).rejects.toMatchObject({ name: "ServerError", errorCode: "access_denied" });
    await page.getByText("The sign-in failed").waitFor();
    await close();
  });

  test("two users sign in at once, each in a browser of their own", async () => {
    const app = publicClient();
    const names = ["olga@example.org", "paul@example.org"];
    const results = await Promise.all(
      names.map(async (username) => {
        const { page, close } = await chromium.user();
        const result = await app.acquireTokenInteractive({
          scopes: ["openid", "offline_access"],
          openBrowser: async (url) => {
            await page.goto(url);
            await typeCredentials(page, { username, password: "any" });
            await page.locator('button[type="submit"]').first().click();
          },
        });
        await close();
        return accountOf(result).username;
      }),
    );
    expect(results).toEqual(names);
  });
});
