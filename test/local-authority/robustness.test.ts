// What goes wrong in front of the endpoints: mistakes in the request, bad networks, other origins, neighbours.
// proves: local-authority/src/http/parameters.ts, local-authority/src/http/request-context.ts,
// local-authority/src/server/app.ts, local-authority/src/server/check-host.ts,
// local-authority/src/server/check-origin.ts, local-authority/src/server/not-found.ts,
// local-authority/src/server/request-steps.ts, local-authority/src/server/routes.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  LocalAuthorityConfigurationError,
  startLocalAuthority,
  type LocalAuthority,
} from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { Readable } from "node:stream";
import { Agent, request, type Dispatcher } from "undici";
import { get, post, postText } from "./requests.js";

const tenantId = "c0c0c0c0-0000-4000-8000-000000000000";
const tokenPath = `/${tenantId}/oauth2/v2.0/token`;
const alice = { username: "alice@contoso.example", password: "alice-password" };

let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority({
    http: true,
    tenants: [{ id: tenantId, apps: [{ clientId: "spa", redirectUris: ["https://spa.example/signed-in"] }] }],
  });
});
afterAll(() => authority.close());

async function send(method: Dispatcher.HttpMethod, path: string, headers: Record<string, string> = {}) {
  const {
    statusCode,
    headers: received,
    body,
  } = await request(`${authority.url}${path}`, {
    method,
    headers,
    dispatcher: new Agent({ pipelining: 0 }),
  });
  return { status: statusCode, headers: received, text: await body.text() };
}

const passwordGrant = { grant_type: "password", client_id: "c0c0c0c0-0000-4000-8000-0000000000a2", ...alice };
const signIn = (at = authority) => post(at, tokenPath, { ...passwordGrant, scope: "openid offline_access" });

describe("a mistaken request", () => {
  it("to a path that is not there is told which ones are", async () => {
    const { status, json } = await get(authority, "/oauth2/token");
    expect(status).toBe(404);
    expect(json).toMatchObject({
      error: "not_found",
      error_description: expect.stringContaining("/oauth2/token"),
      endpoints: expect.arrayContaining([
        "GET /{tenant}/v2.0/.well-known/openid-configuration",
        "POST /{tenant}/oauth2/v2.0/token",
        "POST /{tenant}/{policy}/oauth2/v2.0/token",
        "POST /adfs/oauth2/token",
      ]),
    });
    expect(authority.requests.at(-1)).toMatchObject({ endpoint: "other", status: 404 });
  });

  it.each([
    ["GET", tokenPath, "POST"],
    ["PUT", "/adfs/oauth2/token/", "POST"],
    ["DELETE", "/common/oauth2/v2.0/authorize", "GET, POST"],
    ["POST", "/contoso.example/b2c_1_x/v2.0/.well-known/openid-configuration", "GET"],
  ] as const)("with the method %s to %s is told which it takes", async (method, path, allow) => {
    const { status, headers, text } = await send(method, path);
    expect({ status, allow: headers["allow"] }).toEqual({ status: 405, allow });
    expect(text).toMatch(/AADSTS900561/);
  });

  it("with OPTIONS to a page is told the methods, with HEAD gets the headers alone", async () => {
    const options = await send("OPTIONS", "/common/oauth2/v2.0/authorize");
    expect({ status: options.status, allow: options.headers["allow"] }).toEqual({
      status: 204,
      allow: "GET, POST",
    });
    const head = await send("HEAD", "/common/v2.0/.well-known/openid-configuration");
    expect(head).toMatchObject({ status: 200, text: "" });
  });

  it.each([
    ["JSON in the place of a form", tokenPath, "{}", "application/json", 400],
    [
      "a form with broken escapes",
      tokenPath,
      "grant_type=%E0%A4%A&x=%",
      "application/x-www-form-urlencoded",
      400,
    ],
    ["no XML at all", "/adfs/services/trust/13/usernamemixed", "<", "application/soap+xml", 500],
  ])("%s is refused", async (_, path, body, type, status) => {
    const answer = await postText(authority, path, body, { "content-type": type });
    expect(answer.status).toBe(status);
    expect(answer.text).not.toMatch(/server_error|at .*\.[jt]s:/);
  });

  it.each([
    "/%E0%A4%A/v2.0/.well-known/openid-configuration",
    "/common/userrealm/%FF%FE",
    `/${"a".repeat(5000)}/v2.0/.well-known/openid-configuration`,
    "/__proto__/v2.0/.well-known/openid-configuration",
    "//v2.0/.well-known/openid-configuration",
  ])("for %.60s is no fault of the authority", async (path) => {
    expect((await send("GET", path)).status).toBeLessThan(500);
  });

  it.each([
    ["with its length", { "content-length": "2000000" }],
    ["in pieces", { "transfer-encoding": "chunked" }],
  ])("whose body is too large, %s, is refused, and others are served", async (_, length) => {
    const { statusCode } = await request(`${authority.url}${tokenPath}`, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...("content-length" in length ? length : {}),
      },
      body: "content-length" in length ? "x".repeat(2_000_000) : Readable.from(pieces()),
      dispatcher: new Agent({ pipelining: 0 }),
    });
    expect(statusCode).toBe(413);
    expect((await signIn()).status).toBe(200);
  });
  async function* pieces() {
    for (let i = 0; i < 20; i += 1) {
      yield Buffer.alloc(100_000, "x");
      await new Promise(setImmediate);
    }
  }

  it("that is no HTTP ends its own connection only", async () => {
    const socket = await dial(authority);
    socket.write("\x16\x03\x01 hello\r\n\r\n");
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400/);
    expect((await signIn()).status).toBe(200);
  });
});

describe("an app in a browser, at another origin", () => {
  const origin = { origin: "https://spa.example" };
  const preflight = {
    ...origin,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,client-request-id",
  };

  it.each([tokenPath, "/contoso.example/b2c_1_x/oauth2/v2.0/token", "/adfs/oauth2/token/"])(
    "may ask %s, and read the answer, an error and a fault",
    async (path) => {
      const asked = await send("OPTIONS", path, preflight);
      expect(asked.status).toBe(204);
      expect(asked.headers).toMatchObject({
        "access-control-allow-origin": origin.origin,
        "access-control-allow-headers": "content-type,client-request-id",
      });
      const readable = { "access-control-allow-origin": origin.origin };
      expect(await post(authority, path, {}, origin)).toMatchObject({ status: 400, headers: readable });
      authority.fault({ match: "token", status: 429 });
      await send("OPTIONS", path, preflight);
      expect(await post(authority, path, {}, origin)).toMatchObject({ status: 429, headers: readable });
    },
  );

  it.each([
    "/common/v2.0/.well-known/openid-configuration",
    "/adfs/discovery/keys",
    "/common/discovery/instance",
  ])("may read %s", async (path) => {
    expect((await send("GET", path, origin)).headers).toHaveProperty(
      "access-control-allow-origin",
      origin.origin,
    );
  });

  it("may not read the pages", async () => {
    const { headers } = await send("GET", "/common/oauth2/v2.0/authorize", origin);
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });
});

const dial = async (at: LocalAuthority): Promise<Socket> => {
  const socket = connect(at.port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
};

describe("closing", () => {
  it("ends a request that waits and one that has not come whole, and frees the port at once", async () => {
    const first = await startLocalAuthority({ http: true });
    first.fault({ match: "token", delayMs: 60_000 });
    const waiting = signIn(first);
    const half = await dial(first);
    const ended = once(half, "close");
    half.write(
      `POST ${tokenPath} HTTP/1.1\r\nHost: localhost:${first.port}\r\nContent-Length: 100\r\n\r\ngrant`,
    );
    const outcome = expect(waiting).rejects.toThrow();
    while (first.requests.length === 0) await new Promise(setImmediate);
    await first.close();
    await Promise.all([outcome, ended]);
    const second = await startLocalAuthority({ http: true, port: first.port });
    expect(second.port).toBe(first.port);
    await second.close();
  });
});

describe("a port that is taken", () => {
  it.each(["127.0.0.1", "::1"])("at %s is refused with what to do", async (host) => {
    const other = createServer().listen(0, host);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const failed = startLocalAuthority({ port });
    await expect(failed).rejects.toBeInstanceOf(LocalAuthorityConfigurationError);
    await expect(failed).rejects.toMatchObject({
      field: "port",
      value: port,
      message: expect.stringMatching(/another program/),
      cause: { code: "EADDRINUSE" },
    });
    other.close();
  });
});

describe("two authorities in one process", () => {
  it("have nothing in common: users' states, refresh tokens, faults, clocks, assertions", async () => {
    const other = await startLocalAuthority({ http: true });
    const [{ json: here }, { json: there }] = await Promise.all([signIn(), signIn(other)]);
    expect(decodeJwt(String(here["id_token"])).iss).not.toBe(decodeJwt(String(there["id_token"])).iss);

    const refresh = { grant_type: "refresh_token", client_id: passwordGrant.client_id, scope: "openid" };
    const swapped = await post(other, tokenPath, {
      ...refresh,
      refresh_token: String(here["refresh_token"]),
    });
    expect(swapped.json["error"]).toBe("invalid_grant");

    other.disableUser(alice.username);
    other.advanceClock(1000);
    other.fault({ match: "keys", status: 500 });
    expect((await signIn()).status).toBe(200);
    expect((await signIn(other)).json["error_codes"]).toEqual([50057]);
    expect((await get(authority, "/common/discovery/v2.0/keys")).status).toBe(200);

    await other.close();
    expect((await signIn()).status).toBe(200);
  });
});

it.each([NaN, Infinity, "soon" as never])("a clock is not moved by %p", (seconds) => {
  expect(() => {
    authority.advanceClock(seconds);
  }).toThrow(RangeError);
});
