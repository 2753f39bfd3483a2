// The browser is Chromium: what it shows is what a user sees.
// proves: node/src/interactive/pages.ts
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { AuthenticationResult, InteractiveRequest, PublicClientApplication } from "@tessera/node";
import {
  hasChromium,
  launchChromium,
  screenshot,
  typeCredentials,
  type Chromium,
  type ChromiumUser,
} from "../support/chromium.js";
import { deadlineInHand } from "../support/deadline-in-hand.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { heldNetwork, type HeldNetwork } from "../support/held-network.js";
import { listeningPorts } from "../support/listening-ports.js";
import { describeWith } from "../support/real-part.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };
const bob = { username: "bob@contoso.example", password: "bob-password" };

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let entra: Entra;
  const users: ChromiumUser[] = [];
  beforeAll(async () => {
    [chromium, entra] = await Promise.all([launchChromium(), startEntra()]);
  });
  afterEach(async () => {
    await Promise.all(users.splice(0).map((user) => user.close()));
    entra.authority.clearRequests();
  });
  afterAll(async () => {
    await chromium.close();
    await entra.close();
  });

  const networks: HeldNetwork[] = [];
  afterAll(() => Promise.all(networks.map((network) => network.close())));
  const held = (): HeldNetwork => {
    const network = heldNetwork(entra.authority.caPem);
    networks.push(network);
    return network;
  };

  /** Starts a sign-in, and waits until the browser is at the sign-in page. */
  async function begin(
    app: PublicClientApplication = entra.publicClient(),
    over: Partial<InteractiveRequest> = {},
  ): Promise<Begun> {
    const user = await chromium.user();
    users.push(user);
    let result: Promise<AuthenticationResult> | undefined;
    const opened = await new Promise<string>((resolve, reject) => {
      const openBrowser = async (url: string): Promise<void> => {
        await user.page.goto(url);
        resolve(url);
      };
      result = app.acquireTokenInteractive({ scopes, ...over, openBrowser });
      result.catch(reject);
    });
    const redirectUri = new URL(new URL(opened).searchParams.get("redirect_uri") ?? "");
    return { ...user, result: result as Promise<AuthenticationResult>, redirectUri };
  }

  test("signs a user in; the pages can be read", async () => {
    const app = entra.publicClient();
    const { page, result, redirectUri } = await begin(app);
    await screenshot(page, "sign-in-page");
    await typeCredentials(page, alice);
    const { account, fromCache } = await result;
    expect(account?.username).toBe(alice.username);
    expect(fromCache).toBe(false);
    await page.getByText("You are signed in").waitFor();
    await screenshot(page, "success-page");
    expect(page.url()).toMatch(/^http:\/\/localhost:\d+\/$/);
    // The code came in a form: it is in no address, and so in no history.
    expect(page.url()).not.toContain("code=");
    expect(await listeningPorts()).not.toContain(Number(redirectUri.port));
    const [known] = await app.getAllAccounts();
    expect(known?.username).toBe(alice.username);
  });

  test("says nothing of success before the token request has been answered", async () => {
    const network = held();
    const { page, result } = await begin(entra.publicClient({ system: { networkClient: network } }));
    const answered: (number | undefined)[] = [];
    const shown = page
      .getByText("You are signed in")
      .waitFor()
      .then(() => {
        answered.push(entra.authority.requests.find(({ endpoint }) => endpoint === "token")?.status);
      });
    const typed = typeCredentials(page, alice);
    await network.asked;
    // The token request is on its way, and the browser has the old page or none.
    expect(await page.title()).not.toMatch(/signed in/i);
    network.release();
    await Promise.all([result, shown, typed]);
    expect(answered).toEqual([200]);
  });

  test("shows the error page when the token request fails, and keeps nothing", async () => {
    const app = entra.publicClient();
    const { page, result } = await begin(app);
    entra.authority.fault({ match: "token", status: 500 });
    await typeCredentials(page, alice);
    await expect(result).rejects.toMatchObject({ name: "ServerError", status: 500 });
    await page.getByText("The sign-in failed").waitFor();
    await screenshot(page, "error-page");
    expect(await page.textContent("main")).not.toMatch(/signed in/i);
    expect(await app.getAllAccounts()).toEqual([]);
  });

  test("tells app and user when the user refuses consent", async () => {
    const app = entra.authority.config.tenants[0]?.apps.find(({ requiresConsent }) => requiresConsent);
    const { page, result } = await begin(entra.publicClient({ auth: { clientId: app?.clientId } }));
    await typeCredentials(page, alice);
    await page.getByRole("button", { name: "Cancel" }).click();
    await expect(result).rejects.toMatchObject({ errorCode: "access_denied" });
    await page.getByText("The sign-in failed").waitFor();
    expect(await page.textContent("main")).toContain("You declined the request.");
    expect(entra.tokenRequests()).toBe(0);
  });

  describe("when the user closes the page", () => {
    test.each([
      ["timeoutMs ends the wait", "request_timeout", { timeoutMs: 71_003 }, "deadline"],
      ["signal ends the wait", "request_aborted", {}, "signal"],
    ] as const)("%s, and no socket is left", async (_, errorCode, bounds, end) => {
      const controller = new AbortController();
      const deadline = deadlineInHand(71_003);
      const { page, result, redirectUri } = await begin(entra.publicClient(), {
        ...bounds,
        signal: controller.signal,
      });
      const ended = expect(result).rejects.toMatchObject({ errorCode });
      expect(await listeningPorts()).toContain(Number(redirectUri.port));
      await page.close();
      if (end === "deadline") deadline.pass();
      else controller.abort();
      await ended;
      deadline.restore();
      expect(await listeningPorts()).not.toContain(Number(redirectUri.port));
    });

    test("while its code is being redeemed, the app has its tokens all the same", async () => {
      const network = held();
      const { page, result, redirectUri } = await begin(
        entra.publicClient({ system: { networkClient: network } }),
      );
      const typed = typeCredentials(page, alice).catch(() => undefined);
      await network.asked;
      await page.close();
      network.release();
      await typed;
      expect(accountOf(await result).username).toBe(alice.username);
      expect(await listeningPorts()).not.toContain(Number(redirectUri.port));
    });
  });

  test("two sign-ins at once do not disturb each other", async () => {
    const app = entra.publicClient();
    const first = await begin(app);
    const second = await begin(app);
    expect(second.redirectUri.port).not.toBe(first.redirectUri.port);
    await typeCredentials(second.page, bob);
    expect(accountOf(await second.result).username).toBe(bob.username);
    await typeCredentials(first.page, alice);
    expect(accountOf(await first.result).username).toBe(alice.username);
    expect((await app.getAllAccounts()).map(({ username }) => username).sort()).toEqual([
      alice.username,
      bob.username,
    ]);
  });

  test("a preferred port is used when it is free, and another one when it is taken", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port: preferredPort } = other.address() as AddressInfo;
    const busy = await begin(entra.publicClient(), { preferredPort });
    expect(busy.redirectUri.port).not.toBe(String(preferredPort));
    await typeCredentials(busy.page, alice);
    await busy.result;
    other.close();
    await once(other, "close");
    const free = await begin(entra.publicClient(), { preferredPort });
    expect(free.redirectUri.port).toBe(String(preferredPort));
    await typeCredentials(free.page, alice);
    await free.result;
  });

  test.each(["http://localhost/signed/in", "http://127.0.0.1", "http://127.0.0.1/callback"])(
    "comes back to %s",
    async (redirectUri) => {
      const begun = await begin(entra.publicClient(), { redirectUri });
      const { hostname, pathname } = new URL(redirectUri);
      expect(begun.redirectUri).toMatchObject({ hostname, pathname });
      await typeCredentials(begun.page, alice);
      await begun.result;
      await begun.page.getByText("You are signed in").waitFor();
      expect(new URL(begun.page.url())).toMatchObject({ hostname, pathname });
    },
  );

  test("shows the app's own pages", async () => {
    const templates = {
      successTemplate: "<title>Ours</title><h1>Welcome back</h1>",
      errorTemplate: "<h1>Not today</h1>",
    };
    const good = await begin(entra.publicClient(), templates);
    await typeCredentials(good.page, alice);
    await good.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await good.result;
    const bad = await begin(entra.publicClient(), templates);
    entra.authority.fault({ match: "token", status: 500 });
    await Promise.all([
      expect(bad.result).rejects.toMatchObject({ status: 500 }),
      typeCredentials(bad.page, alice),
    ]);
    await bad.page.getByRole("heading", { name: "Not today" }).waitFor();
  });
});

interface Begun extends ChromiumUser {
  readonly result: Promise<AuthenticationResult>;
  readonly redirectUri: URL;
}
