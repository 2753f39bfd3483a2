import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { request } from "undici";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { createBrowser } from "../support/browser.js";
import { signIn } from "../support/sign-in.js";

const scopes = ["https://graph.microsoft.com/User.Read"];

describe("interactive sign-in", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());

  it("opens the browser, waits on loopback, and says that the user is signed in only when that is so", async () => {
    const app = entra.publicClient();
    const page = new Promise<string>((resolve, reject) => {
      const openBrowser = async (url: string): Promise<void> => {
        userIn(entra, url).then(resolve, reject);
      };
      app.acquireTokenInteractive({ scopes, openBrowser }).then((result) => {
        expect(accountOf(result).username).toBe("alice@contoso.example");
      }, reject);
    });
    expect(await page).toContain("You are signed in");
  });
});

async function userIn(entra: Entra, url: string): Promise<string> {
  const browser = createBrowser({ ca: entra.authority.caPem });
  const back = await signIn(url, {
    username: "alice@contoso.example",
    password: "alice-password",
    ca: entra.authority.caPem,
    browser,
  });
  const form = back.searchParams.toString();
  const response = await request(`${back.origin}${back.pathname}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form,
  });
  return response.body.text();
}
