// The redirect server without a browser: whatever else a machine sends to an open port, it waits for its own answer.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import type { AuthenticationResult, InteractiveRequest, PublicClientApplication } from "@tessera/node";
import { request } from "undici";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { listeningAddresses } from "../support/listening-ports.js";
import { signIn } from "../support/sign-in.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra();
});
afterAll(() => entra.close());

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A sign-in whose user is at the identity provider. */
interface Waiting {
  readonly authUrl: string;
  readonly state: string;
  readonly origin: string;
  readonly port: number;
  readonly result: Promise<AuthenticationResult>;
  /** Does what the user's browser does when the user has signed in. @returns the last page */
  complete(
    over?: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly html: string }>;
}

async function begin(
  over: Partial<InteractiveRequest> = {},
  app: PublicClientApplication = entra.publicClient(),
): Promise<Waiting> {
  let result: Promise<AuthenticationResult> | undefined;
  const authUrl = await new Promise<string>((resolve, reject) => {
    const openBrowser = async (url: string): Promise<void> => resolve(url);
    result = app.acquireTokenInteractive({ scopes, openBrowser, ...over });
    result.catch(reject);
  });
  const { searchParams } = new URL(authUrl);
  const redirectUri = searchParams.get("redirect_uri") ?? "";
  return {
    authUrl,
    state: searchParams.get("state") ?? "",
    origin: new URL(redirectUri).origin,
    port: Number(new URL(redirectUri).port),
    result: result as Promise<AuthenticationResult>,
    complete: async (fields = {}) => {
      const back = await signIn(authUrl, { ...alice, ca: entra.authority.caPem });
      for (const [name, value] of Object.entries(fields)) back.searchParams.set(name, value);
      return post(redirectUri, back.searchParams.toString());
    },
  };
}

async function post(url: string, body: string): Promise<{ readonly status: number; readonly html: string }> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const response = await request(url, { method: "POST", headers, body });
  return { status: response.statusCode, html: await response.body.text() };
}

async function visit(url: string, method: "GET" | "HEAD" | "PUT" | "OPTIONS" = "GET"): Promise<number> {
  const { statusCode, body } = await request(url, { method });
  await body.dump();
  return statusCode;
}

/** A raw connection, opened; what becomes of it does not matter. */
async function tcp(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
  sockets.push(socket);
  await once(socket, "connect");
  return socket;
}

describe("neither ends nor breaks the wait:", () => {
  const disturbances: Readonly<Record<string, (waiting: Waiting) => Promise<void>>> = {
    "an answer with another state": async ({ origin }) => {
      expect((await post(`${origin}/`, "code=stolen&state=another")).html).toContain("another sign-in");
    },
    "an answer without state": async ({ origin }) => {
      expect((await post(`${origin}/`, "code=stolen")).status).toBe(400);
    },
    "an answer with the state twice": async ({ origin, state }) => {
      expect((await post(`${origin}/`, `code=stolen&state=${state}&state=${state}`)).status).toBe(400);
    },
    "an error with another state": async ({ origin }) => {
      expect(await visit(`${origin}/?error=access_denied&state=another`)).toBe(400);
    },
    "the icon": async ({ origin }) => {
      expect(await visit(`${origin}/favicon.ico`)).toBe(404);
    },
    "a visit without parameters": async ({ origin }) => {
      expect(await visit(`${origin}/`)).toBe(404);
    },
    "a HEAD request with the right state (a link preview)": async ({ origin, state }) => {
      expect(await visit(`${origin}/?code=peeked&state=${state}`, "HEAD")).toBe(404);
    },
    "a PUT and an OPTIONS request": async ({ origin, state }) => {
      for (const method of ["PUT", "OPTIONS"] as const) {
        expect(await visit(`${origin}/?code=peeked&state=${state}`, method)).toBe(404);
      }
    },
    "another path with the right state": async ({ origin, state }) => {
      expect(await visit(`${origin}/other?code=stolen&state=${state}`)).toBe(404);
    },
    "a port scanner that connects and leaves": async ({ port }) => {
      for (let times = 0; times < 5; times += 1) (await tcp(port)).destroy();
    },
    "a connection that says nothing": async ({ port }) => {
      await tcp(port);
    },
    "a connection that stops in the middle of a request": async ({ port }) => {
      (await tcp(port)).write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ncode=");
    },
    "a connection that speaks another protocol": async ({ port }) => {
      const socket = await tcp(port);
      socket.resume().write("\x16\x03\x01\x02\x00\x01\x00garbage\r\n\r\n");
      await once(socket, "close");
    },
    "a form without end": async ({ origin }) => {
      const sent = post(`${origin}/`, `code=${"x".repeat(2_000_000)}`);
      await expect(sent).rejects.toThrow();
    },
  };

  test.each(Object.entries(disturbances))("%s", async (_, disturb) => {
    const waiting = await begin();
    await disturb(waiting);
    const page = await waiting.complete();
    expect(page).toMatchObject({ status: 200, html: expect.stringContaining("You are signed in") });
    expect(accountOf(await waiting.result).username).toBe(alice.username);
  });

  test("a second hit while the first is dealt with, which then gets its page", async () => {
    const waiting = await begin();
    const repeated = new Promise<{ readonly html: string }>((resolve, reject) => {
      entra.authority.fault({
        match: ({ endpoint }) => {
          if (endpoint !== "token") return false;
          post(`${waiting.origin}/`, `code=again&state=${waiting.state}`).then(resolve, reject);
          return true;
        },
        delayMs: 300,
      });
    });
    const page = await waiting.complete();
    expect((await repeated).html).toContain("already being completed");
    expect(page.html).toContain("You are signed in");
    await waiting.result;
  });
});

test("the answer may come in the query, too", async () => {
  const { authUrl, origin, result } = await begin();
  const back = await signIn(authUrl, { ...alice, ca: entra.authority.caPem });
  expect(await visit(`${origin}/${back.search}`)).toBe(200);
  expect(accountOf(await result).username).toBe(alice.username);
});

test.each([
  ["access_denied", "ServerError", "access_denied"],
  ["interaction_required", "InteractionRequiredAuthError", "interaction_required"],
  ['<script>alert("x")</script>', "ServerError", "&#60;script&#62;"],
])(
  "an error of the server, %s, goes to the app as %s, and is named on the page",
  async (error, name, shown) => {
    const { origin, state, result } = await begin();
    const rejected = expect(result).rejects.toMatchObject({ name, errorCode: error });
    const { html, status } = await post(`${origin}/`, new URLSearchParams({ error, state }).toString());
    expect(status).toBe(400);
    expect(html).toContain(shown);
    expect(html).not.toContain("<script>");
    await rejected;
  },
);

test.each([
  ["http://localhost", ["0100007F", "00000000000000000000000001000000"]],
  ["http://127.0.0.1/back", ["0100007F"]],
  ["http://[::1]", ["00000000000000000000000001000000"]],
])("%s is served on the loopback addresses, and on no other", async (redirectUri, addresses) => {
  const controller = new AbortController();
  const { port, result } = await begin({ redirectUri, signal: controller.signal });
  // A table that changes while it is read may list a line twice.
  const listening = [
    ...new Set((await listeningAddresses()).filter((one) => one.port === port).map(({ address }) => address)),
  ];
  if (process.platform === "linux") expect(listening.sort()).toEqual([...addresses].sort());
  expect(await visit(`http://${new URL(redirectUri).host}:${port}/favicon.ico`)).toBe(404);
  controller.abort();
  await expect(result).rejects.toMatchObject({ errorCode: "request_aborted" });
  expect((await listeningAddresses()).filter((one) => one.port === port)).toEqual([]);
});

test.each([
  "https://localhost",
  "http://example.org",
  "http://localhost.example.org",
  "http://localhost?x=1",
  "myapp://auth",
  "localhost:3000",
])("%s is refused as a redirect URI before a browser opens", async (redirectUri) => {
  let opened = false;
  const openBrowser = async (): Promise<void> => void (opened = true);
  const result = entra.publicClient().acquireTokenInteractive({ scopes, redirectUri, openBrowser });
  await expect(result).rejects.toMatchObject({ errorCode: "redirect_uri_not_supported" });
  expect(opened).toBe(false);
});

test("a port that the redirect URI itself names must be free", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  try {
    const result = entra.publicClient().acquireTokenInteractive({
      scopes,
      redirectUri: `http://127.0.0.1:${port}`,
      openBrowser: async () => undefined,
    });
    await expect(result).rejects.toMatchObject({
      errorCode: "loopback_server_error",
      errorMessage: expect.stringContaining(String(port)),
    });
  } finally {
    other.close();
    await once(other, "close");
  }
});

describe("closing", () => {
  test("is immediate, though a connection is half open and another one in the middle of a request", async () => {
    const controller = new AbortController();
    const { port, result } = await begin({ signal: controller.signal });
    const silent = (await tcp(port)).resume();
    const slow = (await tcp(port)).resume();
    slow.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\ncode=");
    // Closed or reset, both will do.
    const ended = Promise.all(
      [silent, slow].map((socket) => new Promise((resolve) => socket.once("close", resolve))),
    );
    controller.abort();
    await expect(result).rejects.toMatchObject({ errorCode: "request_aborted" });
    await ended;
    expect((await listeningAddresses()).filter((one) => one.port === port)).toEqual([]);
  });

  test("follows a signal that was aborted beforehand, and opens nothing", async () => {
    let opened = false;
    const result = entra.publicClient().acquireTokenInteractive({
      scopes,
      signal: AbortSignal.abort(),
      openBrowser: async () => void (opened = true),
    });
    await expect(result).rejects.toMatchObject({ errorCode: "request_aborted" });
    expect(opened).toBe(false);
  });
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
    const before = await listeningAddresses();
    const result = entra.publicClient().acquireTokenInteractive({ scopes, openBrowser });
    await expect(result).rejects.toThrow("no such browser");
    expect(await listeningAddresses()).toHaveLength(before.length);
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
  const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "in CI": { CI: "true", DISPLAY: ":0" },
    "over SSH": { SSH_CONNECTION: "10.0.0.1 1 10.0.0.2 22" },
    "without a display": {},
  };
  const touched = [
    "CI",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "SSH_CONNECTION",
    "SSH_TTY",
    "WSL_DISTRO_NAME",
  ] as const;
  const before = Object.fromEntries(touched.map((name) => [name, process.env[name]]));
  afterEach(() => {
    for (const name of touched) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  });

  test.each(Object.entries(environments))(
    "%s, the error names device code as the way",
    async (_, environment) => {
      for (const name of touched) Reflect.deleteProperty(process.env, name);
      Object.assign(process.env, environment);
      const asked = entra.authority.requests.length;
      const result = entra.publicClient().acquireTokenInteractive({ scopes });
      await expect(result).rejects.toMatchObject({
        name: "ClientAuthError",
        errorCode: "no_browser",
        errorMessage: expect.stringContaining("acquireTokenByDeviceCode"),
      });
      expect(
        entra.authority.requests.slice(asked).filter(({ endpoint }) => endpoint === "authorize"),
      ).toEqual([]);
    },
  );
});

test("custom pages are shown as they are", async () => {
  const { complete, result } = await begin({ successTemplate: "<b>done</b>" });
  expect((await complete()).html).toBe("<b>done</b>");
  await result;
  const failing = await begin({ errorTemplate: "<b>oh no</b>" });
  const rejected = expect(failing.result).rejects.toMatchObject({ errorCode: "access_denied" });
  expect((await post(failing.origin, `error=access_denied&state=${failing.state}`)).html).toBe(
    "<b>oh no</b>",
  );
  await rejected;
});
