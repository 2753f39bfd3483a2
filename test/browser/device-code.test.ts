// The user types the code into Debian's Chromium while the app polls, by the machine's own clock.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  PublicClientApplication,
  type AuthenticationResult,
  type Configuration,
  type DeviceCodeResponse,
} from "@tessera/node";
import {
  hasChromium,
  launchChromium,
  screenshot,
  typeCredentials,
  type Chromium,
} from "../support/chromium.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { describeWith } from "../support/real-part.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  beforeAll(async () => {
    chromium = await launchChromium();
  });
  afterAll(() => chromium.close());

  async function begin(configuration: Configuration, scopesToAsk: string[]): Promise<Begun> {
    const app = new PublicClientApplication(configuration);
    let result: Promise<AuthenticationResult> | undefined;
    const device = await new Promise<DeviceCodeResponse>((resolve, reject) => {
      result = app.acquireTokenByDeviceCode({ scopes: scopesToAsk, deviceCodeCallback: resolve });
      result.catch(reject);
    });
    return { device, result: result as Promise<AuthenticationResult> };
  }

  describe("at the local authority", () => {
    let entra: Entra;
    beforeAll(async () => {
      entra = await startEntra({ deviceCode: { interval: 1 }, clock: Date.now });
    });
    afterAll(() => entra.close());
    const configuration = (): Configuration => ({
      ...entra.configuration("public"),
      system: { ca: entra.authority.caPem },
    });

    test("the user types the code, signs in and confirms; the app has tokens", async () => {
      const { device, result } = await begin(configuration(), scopes);
      const { page, close } = await chromium.user();
      await page.goto(device.verificationUri);
      await page.getByLabel("Code").fill(device.userCode);
      await screenshot(page, "device-code-page");
      await page.getByRole("button", { name: "Next" }).click();
      await typeCredentials(page, alice);
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByText("You have signed in").waitFor();
      expect(accountOf(await result).username).toBe(alice.username);
      await close();
    });

    test("the user does not recognise the app: it gets nothing", async () => {
      const { device, result } = await begin(configuration(), scopes);
      const declined = expect(result).rejects.toMatchObject({ errorCode: "authorization_declined" });
      const { page, close } = await chromium.user();
      await page.goto(device.verificationUri);
      await page.getByLabel("Code").fill(device.userCode);
      await page.getByRole("button", { name: "Next" }).click();
      await typeCredentials(page, alice);
      await page.getByRole("button", { name: "Cancel" }).click();
      await declined;
      await close();
    });
  });

  describe("at oidc-provider", () => {
    let provider: OpenIdProvider;
    beforeAll(async () => {
      provider = await startOpenIdProvider();
    });
    afterAll(() => provider.close());

    test("the user follows the complete link, signs in and confirms; the app has tokens", async () => {
      const { device, result } = await begin(
        {
          auth: { clientId: provider.clients.publicClient.clientId, oidcAuthority: provider.url },
          // Its interval is five seconds; the user is quicker.
          system: {
            proxy: false,
            clock: { now: Date.now, sleep: () => new Promise((go) => setTimeout(go, 500)) },
          },
        },
        ["openid"],
      );
      const { page, close } = await chromium.user();
      await page.goto(device.verificationUriComplete ?? "");
      await page.locator('button[type="submit"]').first().click();
      await typeCredentials(page, { username: "olga@example.org", password: "any" });
      await page.locator('button[type="submit"]').first().click();
      expect(accountOf(await result).username).toBe("olga@example.org");
      await close();
    });
  });
});

interface Begun {
  readonly device: DeviceCodeResponse;
  readonly result: Promise<AuthenticationResult>;
}
