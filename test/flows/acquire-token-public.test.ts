// The one call: who is asked, when and how. The table stands in docs/public-client.md, too.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  AuthError,
  type AccountInfo,
  type AuthenticationResult,
  type DeviceCodeResponse,
  type PublicClientApplication,
  type PublicTokenRequest,
} from "@tessera/node";
import { signInOnDevice } from "../support/device-sign-in.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { interactiveUser, type InteractiveUser } from "../support/interactive-user.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const otherScopes = ["https://graph.microsoft.com/Mail.Read"];
const passwords = {
  "alice@contoso.example": "alice-password",
  "bob@contoso.example": "bob-password",
} as const;
type Username = keyof typeof passwords;
const [alice, bob] = Object.keys(passwords) as [Username, Username];

let entra: Entra;
let deviceSignIn: Promise<unknown> | undefined;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.close());

// No browser can be opened here, whatever machine this is.
const touched = ["CI", "DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY", "WSL_DISTRO_NAME"];
const before = Object.fromEntries(touched.map((name) => [name, process.env[name]]));
beforeEach(() => {
  process.env["CI"] = "true";
});
afterEach(() => {
  entra.authority.clearRequests();
  for (const name of touched) {
    if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before[name];
  }
});

function publicClient(): PublicClientApplication {
  const sleep = async (milliseconds: number): Promise<void> => {
    entra.clock.advance(milliseconds / 1000);
    await deviceSignIn;
  };
  return entra.publicClient({ system: { clock: { now: entra.clock.now, sleep } } });
}

function user(username: Username, over: { readonly declines?: number } = {}): InteractiveUser {
  return interactiveUser({ username, password: passwords[username], ca: entra.authority.caPem, ...over });
}

/** An application that knows these users. */
async function appOf(...usernames: readonly Username[]): Promise<PublicClientApplication> {
  const app = publicClient();
  for (const username of usernames) {
    await app.acquireTokenInteractive({ scopes, openBrowser: user(username).openBrowser });
  }
  return app;
}

async function accountIn(app: PublicClientApplication, username: Username): Promise<AccountInfo> {
  const [account] = await app.getAccounts({ username });
  if (!account) throw new Error(`${username} is not known`);
  return account;
}

const onDeviceCode =
  (username: Username) =>
  ({ verificationUri, userCode }: DeviceCodeResponse): void => {
    const credentials = { username, password: passwords[username], ca: entra.authority.caPem };
    deviceSignIn = signInOnDevice(verificationUri, userCode, credentials);
  };

describe("the decision table", () => {
  interface Row {
    readonly known: readonly Username[];
    readonly request?: Partial<PublicTokenRequest>;
    readonly account?: Username;
    /** Who answers when asked, and where. */
    readonly browser?: Username;
    readonly device?: Username;
    readonly gets: Username | "no_browser";
    readonly asked: "nobody" | "browser" | "device";
  }
  const rows: Readonly<Record<string, Row>> = {
    "the chosen account among several": { known: [alice, bob], account: bob, gets: bob, asked: "nobody" },
    "the only account": { known: [alice], gets: alice, asked: "nobody" },
    "the only account, though it could ask": {
      known: [alice],
      browser: bob,
      device: bob,
      gets: alice,
      asked: "nobody",
    },
    "several accounts, and a login hint that fits one": {
      known: [alice, bob],
      request: { loginHint: bob },
      gets: bob,
      asked: "nobody",
    },
    "several accounts: the browser": { known: [alice, bob], browser: bob, gets: bob, asked: "browser" },
    "a login hint that fits none: the browser": {
      known: [alice],
      request: { loginHint: bob },
      browser: bob,
      gets: bob,
      asked: "browser",
    },
    "nobody known: the browser": { known: [], browser: alice, gets: alice, asked: "browser" },
    "nobody known, both ways: the browser": {
      known: [],
      browser: alice,
      device: bob,
      gets: alice,
      asked: "browser",
    },
    "nobody known, no browser: the device code": { known: [], device: alice, gets: alice, asked: "device" },
    "nobody known, neither way": { known: [], gets: "no_browser", asked: "nobody" },
    "several accounts, neither way": { known: [alice, bob], gets: "no_browser", asked: "nobody" },
  };
  test.each(Object.entries(rows))("%s", async (_, row) => {
    const app = await appOf(...row.known);
    entra.authority.clearRequests();
    const browser = row.browser && user(row.browser);
    const result = app.acquireToken({
      scopes,
      ...row.request,
      ...(row.account ? { account: await accountIn(app, row.account) } : {}),
      ...(browser ? { openBrowser: browser.openBrowser } : {}),
      ...(row.device ? { onDeviceCode: onDeviceCode(row.device) } : {}),
    });
    const got = await result.then(
      (tokens) => accountOf(tokens).username,
      (error: unknown) => (error instanceof AuthError ? error.errorCode : error),
    );
    expect(got).toBe(row.gets);
    expect(askedWhere()).toEqual(row.asked === "nobody" ? [] : [row.asked]);
    if (row.known.length > 0 && row.asked === "nobody") expect(entra.authority.requests).toEqual([]);
    if (browser && row.request?.loginHint) {
      expect(browser.visits[0]?.searchParams.get("login_hint")).toBe(row.request.loginHint);
    }
  });

  const isLinux = process.platform === "linux";
  (isLinux ? test : test.skip)("a desktop whose browser cannot be started: the device code", async () => {
    for (const name of touched) Reflect.deleteProperty(process.env, name);
    // The system's launcher is real; there is nothing at this display.
    const launcher = { DISPLAY: ":9", BROWSER: "/bin/false", PATH: "/usr/bin:/bin" };
    const saved = Object.fromEntries(Object.keys(launcher).map((name) => [name, process.env[name]]));
    Object.assign(process.env, launcher);
    try {
      const result = await publicClient().acquireToken({ scopes, onDeviceCode: onDeviceCode(alice) });
      expect(accountOf(result).username).toBe(alice);
      expect(askedWhere()).toEqual(["device"]);
    } finally {
      for (const [name, value] of Object.entries(saved)) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }
  });

  test("an expired token is renewed without asking", async () => {
    const app = await appOf(alice);
    entra.clock.advance(4000);
    const browser = user(bob);
    const { account, fromCache } = await app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    expect(account?.username).toBe(alice);
    expect(fromCache).toBe(false);
    expect(browser.visits).toEqual([]);
  });

  test("a network that is down is an error, and no reason to ask", async () => {
    const app = await appOf(alice);
    entra.clock.advance(4000);
    const fault = entra.authority.fault({ match: "token", reset: true, times: Infinity });
    const browser = user(alice);
    await expect(app.acquireToken({ scopes, openBrowser: browser.openBrowser })).rejects.toMatchObject({
      errorCode: "network_error",
    });
    fault.clear();
    expect(browser.visits).toEqual([]);
  });

  test.each(["browser", "device"] as const)("claims of a refusal are passed on: %s", async (way) => {
    const app = await appOf(alice);
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: "c1" } } });
    entra.clock.advance(4000);
    entra.authority.clearRequests();
    entra.authority.fault({
      match: ({ form }) => form["grant_type"] === "refresh_token",
      status: 400,
      body: JSON.stringify({ error: "interaction_required", suberror: "basic_action", claims }),
      times: 2,
    });
    const browser = user(alice);
    const ask =
      way === "browser" ? { openBrowser: browser.openBrowser } : { onDeviceCode: onDeviceCode(alice) };
    await app.acquireToken({ scopes, ...ask });
    const sent =
      way === "browser"
        ? browser.visits[0]?.searchParams.get("claims")
        : entra.authority.requests.find(({ endpoint }) => endpoint === "device-code")?.form["claims"];
    expect(JSON.parse(sent ?? "{}")).toMatchObject(JSON.parse(claims));
    // Who has to act is known: nobody has to be picked.
    const { loginHint } = await accountIn(app, alice);
    if (way === "browser") expect(browser.visits[0]?.searchParams.get("login_hint")).toBe(loginHint);
  });

  test("an app that cannot ask learns why the user would have to act", async () => {
    const app = await appOf(alice);
    entra.authority.revokeSignInSessions(alice);
    entra.clock.advance(4000);
    await expect(app.acquireToken({ scopes })).rejects.toMatchObject({
      errorCode: "no_browser",
      cause: expect.objectContaining({ name: "InteractionRequiredAuthError" }),
    });
  });
});

describe("calls that overlap ask the user once:", () => {
  const tokens = (results: readonly AuthenticationResult[]) =>
    new Set(results.map(({ accessToken }) => accessToken));

  test("the same scopes", async () => {
    const app = publicClient();
    const browser = user(alice);
    const call = () => app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    const results = await Promise.all(Array.from({ length: 20 }, call));
    expect(browser.visits).toHaveLength(1);
    expect(tokens(results).size).toBe(1);
  });

  test("different scopes", async () => {
    const app = publicClient();
    const browser = user(alice);
    const results = await Promise.all(
      [scopes, otherScopes].map((wanted) =>
        app.acquireToken({ scopes: wanted, openBrowser: browser.openBrowser }),
      ),
    );
    expect(browser.visits).toHaveLength(1);
    expect(tokens(results).size).toBe(2);
    expect(results.map((result) => accountOf(result).username)).toEqual([alice, alice]);
  });

  test("different scopes with several known users, of whom one is chosen", async () => {
    const app = await appOf(alice, bob);
    const browser = user(bob);
    const results = await Promise.all(
      [scopes, otherScopes].map((wanted) =>
        app.acquireToken({ scopes: wanted, openBrowser: browser.openBrowser }),
      ),
    );
    expect(browser.visits).toHaveLength(1);
    expect(results.map((result) => accountOf(result).username)).toEqual([bob, bob]);
    // The choice was for these calls: a later one asks again.
    await app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    expect(browser.visits).toHaveLength(2);
  });

  test("one that fails does not keep a later one from asking", async () => {
    const app = publicClient();
    const browser = user(alice, { declines: 1 });
    const call = () => app.acquireToken({ scopes, openBrowser: browser.openBrowser });
    const failed = await Promise.allSettled([call(), call()]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(browser.visits).toHaveLength(1);
    expect(accountOf(await call()).username).toBe(alice);
  });

  test.each([
    ["signal", "request_aborted"],
    ["timeoutMs", "request_timeout"],
  ])("a caller may leave (%s), and the other gets the tokens", async (bound, errorCode) => {
    const app = publicClient();
    const browser = user(alice);
    const controller = new AbortController();
    let goOn: (() => void) | undefined;
    const left = new Promise<void>((resolve) => (goOn = resolve));
    const openBrowser = async (url: string): Promise<void> => {
      if (bound === "signal") controller.abort();
      await left;
      await browser.openBrowser(url);
    };
    const bounds = bound === "signal" ? { signal: controller.signal } : { timeoutMs: 200 };
    const leaves = app.acquireToken({ scopes, openBrowser, ...bounds });
    const stays = app.acquireToken({ scopes, openBrowser });
    await expect(leaves).rejects.toMatchObject({ name: "ClientAuthError", errorCode });
    goOn?.();
    expect(accountOf(await stays).username).toBe(alice);
    expect(browser.visits).toHaveLength(1);
  });

  test("when the last caller leaves, the wait ends, and the next call asks anew", async () => {
    const app = publicClient();
    const controller = new AbortController();
    const abandoned = app.acquireToken({
      scopes,
      signal: controller.signal,
      openBrowser: async () => controller.abort(),
    });
    await expect(abandoned).rejects.toMatchObject({ errorCode: "request_aborted" });
    const browser = user(alice);
    expect(accountOf(await app.acquireToken({ scopes, openBrowser: browser.openBrowser })).username).toBe(
      alice,
    );
  });
});

/** Where the user was asked, by what the identity provider saw. */
function askedWhere(): readonly string[] {
  return entra.authority.requests.flatMap(({ endpoint, method }) => {
    if (endpoint === "authorize" && method === "GET") return ["browser"];
    return endpoint === "device-code" ? ["device"] : [];
  });
}
