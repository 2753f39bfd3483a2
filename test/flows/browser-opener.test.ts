// Who opens the browser: the app; or the system, and what is said where that has none.
// proves: node/src/interactive/open-browser.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { browserVariables } from "../support/one-call-stage.js";
import { signIn } from "../support/sign-in.js";
import { post } from "../support/waiting-sign-in.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.close());

const before = Object.fromEntries(browserVariables.map((name) => [name, process.env[name]]));
const { platform } = process;
beforeEach(() => {
  for (const name of browserVariables) Reflect.deleteProperty(process.env, name);
});
afterEach(() => {
  entra.authority.clearRequests();
  Object.defineProperty(process, "platform", { value: platform });
  for (const name of browserVariables) {
    if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[name];
  }
});

describe("a browser opener", () => {
  test.each([
    [
      "that throws",
      () => {
        throw new Error("no such browser");
      },
    ],
    ["that fails", () => Promise.reject(new Error("no such browser"))],
  ])("%s ends the call with its own error, and no socket is left", async (_, openBrowser) => {
    const before = listening();
    const result = entra.publicClient().acquireTokenInteractive({ scopes, openBrowser });
    await expect(result).rejects.toThrow("no such browser");
    await closed(before);
  });

  test("may end only when the user closes the browser: the sign-in does not wait for it", async () => {
    let page: { readonly html: string } | undefined;
    const result = await entra.publicClient().acquireTokenInteractive({
      scopes,
      openBrowser: async (url) => {
        const back = await signIn(url, { ...alice, ca: entra.authority.caPem });
        page = await post(`${back.origin}/`, back.searchParams.toString());
      },
    });
    expect(accountOf(result).username).toBe(alice.username);
    // The opener's own promise may settle a little later than the result.
    while (!page) await new Promise(setImmediate);
    expect(page.html).toContain("You are signed in");
  });
});

describe("where no browser can be opened", () => {
  const ssh = { SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22" };
  test.each<[string, NodeJS.Platform, Readonly<Record<string, string>>, string]>([
    ["in CI", platform, { CI: "true", DISPLAY: ":0" }, "CI job"],
    ["over SSH", "linux", ssh, "SSH session"],
    ["over SSH, by its terminal", "linux", { SSH_TTY: "/dev/pts/0" }, "SSH session"],
    ["over SSH in WSL", "linux", { ...ssh, WSL_DISTRO_NAME: "Debian" }, "SSH session"],
    ["over SSH on Windows", "win32", ssh, "SSH session"],
    ["over SSH on macOS", "darwin", ssh, "SSH session"],
    ["without a display", "linux", {}, "no display"],
  ])("%s, the error says so, and names device code as the way", async (_, on, environment, reason) => {
    Object.defineProperty(process, "platform", { value: on });
    Object.assign(process.env, environment);
    const sockets = listening();
    const error: unknown = await entra
      .publicClient()
      .acquireTokenInteractive({ scopes })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "ClientAuthError", errorCode: "no_browser" });
    const { errorMessage = "" } = error as { errorMessage?: string };
    expect(errorMessage).toContain(reason);
    expect(errorMessage).toContain("acquireTokenByDeviceCode");
    expect(entra.authority.requests.filter(({ endpoint }) => endpoint === "authorize")).toEqual([]);
    await closed(sockets);
  });
});

/** How many addresses this process listens on. */
function listening(): number {
  return process.getActiveResourcesInfo().filter((resource) => resource === "TCPServerWrap").length;
}

/** The last sockets are gone a few turns of the event loop after the call has ended. */
async function closed(before: number): Promise<void> {
  for (let turns = 0; turns < 10 && listening() !== before; turns += 1) await new Promise(setImmediate);
  expect(listening()).toBe(before);
}
