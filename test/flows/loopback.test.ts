// The redirect server without a browser: where it listens, what it answers, and how it ends.
// proves: node/src/interactive/loopback-server.ts
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import * as peer from "@azure/msal-node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { startEntra, type Entra } from "../support/entra.js";
import { listeningAddresses } from "../support/listening-ports.js";
import { signIn } from "../support/sign-in.js";
import { beginSignIn, post, tcp, visit } from "../support/waiting-sign-in.js";

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
async function connection(port: number): Promise<Socket> {
  const socket = await tcp(port);
  sockets.push(socket);
  return socket;
}

describe("where a form was asked for", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["a code", { code: "a-code" }, "answered in the query where"],
    ["an error", { error: "access_denied" }, 'answered in the query, with the error "access_denied",'],
  ])("%s in the query ends the sign-in, and is not redeemed", async (_, fields, reason) => {
    entra.authority.clearRequests();
    const { origin, state, result } = await beginSignIn(entra);
    const refused = expect(result).rejects.toMatchObject({
      errorCode: "loopback_server_query_response_not_supported",
      errorMessage: expect.stringContaining(reason),
    });
    expect(await visit(`${origin}/?${new URLSearchParams({ ...fields, state }).toString()}`)).toBe(400);
    await refused;
    expect(entra.authority.requests.filter(({ endpoint }) => endpoint === "token")).toEqual([]);
  });

  test.each(["application/json", "text/plain", "multipart/form-data; boundary=x", ""])(
    "a body of the type %j is not read as one",
    async (type) => {
      const waiting = await beginSignIn(entra);
      const body = new URLSearchParams({ code: "stolen", state: waiting.state }).toString();
      expect((await post(`${waiting.origin}/`, body, type)).status).toBe(404);
      expect((await waiting.complete()).status).toBe(200);
      await waiting.result;
    },
  );

  test.each(["application/x-www-form-urlencoded; charset=utf-8", "Application/X-WWW-Form-URLencoded"])(
    "a body of the type %j is",
    async (type) => {
      const { origin, state, result } = await beginSignIn(entra);
      const declined = expect(result).rejects.toMatchObject({ errorCode: "access_denied" });
      await post(`${origin}/`, `error=access_denied&state=${state}`, type);
      await declined;
    },
  );
});

describe("a user who declines", () => {
  test.each<[string, Readonly<Record<string, string>>, string]>([
    [
      "without a word of the provider",
      {},
      "access_denied: The user declined, or the provider does not let the user in.",
    ],
    [
      "as the provider says",
      { error_description: "AADSTS65004: no consent" },
      "access_denied: AADSTS65004: no consent",
    ],
  ])("is told apart, %s", async (_, fields, message) => {
    const { origin, state, result } = await beginSignIn(entra);
    const declined = expect(result).rejects.toMatchObject({ name: "ServerError", message });
    await post(`${origin}/`, new URLSearchParams({ error: "access_denied", state, ...fields }).toString());
    await declined;
  });

  test("has the number that Entra puts into the address of its explanation", async () => {
    const { origin, state, result } = await beginSignIn(entra);
    const declined = expect(result).rejects.toMatchObject({ errorNo: 65004 });
    const fields = { error: "access_denied", state, error_uri: "https://login.example/error?code=65004" };
    await post(`${origin}/`, new URLSearchParams(fields).toString());
    await declined;
  });
});

test.each(["query", "fragment", "web_message"])(
  "responseMode %s is refused before a browser opens, as in the peer",
  async (responseMode) => {
    let opened = false;
    const openBrowser = async (): Promise<void> => void (opened = true);
    const refused = { name: "ClientConfigurationError", errorCode: "invalid_response_mode" };
    const theirs = new peer.PublicClientApplication({ auth: { clientId: "c" } });
    for (const app of [entra.publicClient(), theirs] as const) {
      const request = { scopes, openBrowser, responseMode: responseMode as "query" };
      await expect(app.acquireTokenInteractive(request)).rejects.toMatchObject(refused);
    }
    expect(opened).toBe(false);
  },
);

test("the app's own nonce is sent, and its state comes back with the result; the one that is sent is random", async () => {
  const own = { nonce: "the app's nonce", state: "the app's state" };
  const { authUrl, origin, state, result } = await beginSignIn(entra, own);
  expect(new URL(authUrl).searchParams.get("nonce")).toBe(own.nonce);
  expect(state).not.toContain(own.state);
  const back = await signIn(authUrl, { ...alice, ca: entra.authority.caPem });
  await post(`${origin}/`, back.search.slice(1));
  expect(await result).toMatchObject({ state: own.state, idTokenClaims: { nonce: own.nonce } });
});

test("a code as long as a form may be comes through", async () => {
  entra.authority.clearRequests();
  const { origin, state, result } = await beginSignIn(entra, { timeoutMs: 20_000 });
  const code = "long".repeat(10_000);
  const rejected = expect(result).rejects.toMatchObject({ errorCode: "invalid_grant" });
  const { status } = await post(`${origin}/`, new URLSearchParams({ code, state }).toString());
  expect(status).toBe(400);
  await rejected;
  expect(entra.authority.requests.find(({ endpoint }) => endpoint === "token")?.form["code"]).toBe(code);
});

test.each([
  ["access_denied", "ServerError", "You declined the request. Go back to the application"],
  ["invalid_scope", "ServerError", "invalid_scope&#34;: The scope was refused. Go back"],
  ["interaction_required", "InteractionRequiredAuthError", "interaction_required"],
  ['<script>alert("x")</script>', "ServerError", "&#60;script&#62;"],
])(
  "an error of the server, %s, goes to the app as %s, and is named on the page",
  async (error, name, shown) => {
    const { origin, state, result } = await beginSignIn(entra);
    const rejected = expect(result).rejects.toMatchObject({ name, errorCode: error });
    const error_description = "The scope was refused. Trace ID: 1 Correlation ID: 2";
    const answer = new URLSearchParams({ error, error_description, state });
    const { html, status } = await post(`${origin}/`, answer.toString());
    expect(status).toBe(400);
    expect(html).toContain(shown);
    expect(html).not.toContain("Trace ID");
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
  const { port, result } = await beginSignIn(entra, { redirectUri, signal: controller.signal });
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

test.each(["127.0.0.1", "::1"])("a preferred port that is taken on %s gives way to another", async (host) => {
  const other = createServer().listen(0, host);
  await once(other, "listening");
  const { port: preferredPort } = other.address() as AddressInfo;
  const controller = new AbortController();
  const { port, result } = await beginSignIn(entra, { preferredPort, signal: controller.signal });
  expect(port).not.toBe(preferredPort);
  controller.abort();
  await expect(result).rejects.toMatchObject({ errorCode: "request_aborted" });
  other.close();
  await once(other, "close");
});

describe("closing", () => {
  test("is immediate, though a connection is half open and another one in the middle of a request", async () => {
    const controller = new AbortController();
    const { port, result } = await beginSignIn(entra, { signal: controller.signal });
    const silent = (await connection(port)).resume();
    const slow = (await connection(port)).resume();
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

test("custom pages are shown as they are", async () => {
  const { complete, result } = await beginSignIn(entra, { successTemplate: "<b>done</b>" });
  expect((await complete()).html).toBe("<b>done</b>");
  await result;
  const failing = await beginSignIn(entra, { errorTemplate: "<b>oh no</b>" });
  const rejected = expect(failing.result).rejects.toMatchObject({ errorCode: "access_denied" });
  expect((await post(failing.origin, `error=access_denied&state=${failing.state}`)).html).toBe(
    "<b>oh no</b>",
  );
  await rejected;
});
