// A request with a token: the token goes to bound hosts only, whatever a host redirects to or publishes.
// proves: cli/src/commands/bind.ts, cli/src/commands/fetch.ts, cli/src/commands/curl-request.ts, cli/src/network.ts, cli/src/files.ts, cli/src/loopback.ts,
// cli/src/profiles/bindings.ts, cli/src/terminal/standard-input.ts
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { decodeJwt } from "jose";
import { COMMANDS } from "../../packages/cli/src/commands.js";
import { curlRequest } from "../../packages/cli/src/commands/curl-request.js";
import { parse } from "../../packages/cli/src/options.js";
import { bindingOf, hostName } from "../../packages/cli/src/profiles/bindings.js";
import { startOpenIdProvider } from "../support/oidc-provider.js";
import { startStage, type Home, type Stage } from "./stage.js";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** An API on this machine. */
interface Api {
  readonly host: string;
  readonly url: string;
  readonly seen: Seen[];
  answer: (seen: Seen, response: ServerResponse) => void;
  close(): Promise<void>;
}

async function startApi(): Promise<Api> {
  const server: Server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray()).toString();
      const { method = "", url = "", headers } = request;
      const seen = { method, url, headers, body };
      api.seen.push(seen);
      api.answer(seen, response);
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const api: Api = {
    host,
    url: `http://${host}`,
    seen: [],
    answer: (_, response) => void response.end("hello\n"),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return api;
}

let stage: Stage;
let home: Home;
let api: Api;
let other: Api;
beforeAll(async () => {
  stage = await startStage();
  home = stage.home();
  await stage.signedIn(home);
  [api, other] = [await startApi(), await startApi()];
  expect(await home.run(["bind", api.host])).toMatchObject({
    code: 0,
    stderr: `tessera: ${api.host} may be sent tokens of the profile "default".\n`,
  });
});
beforeEach(() => {
  for (const one of [api, other]) {
    one.seen.length = 0;
    one.answer = (_, response) => void response.end("hello\n");
  }
});
afterAll(async () => {
  await Promise.all([api.close(), other.close()]);
  await stage.close();
});

test("a bound host is sent the token, and its answer is printed", async () => {
  expect(await home.run(["fetch", `${api.url}/orders`])).toEqual({ code: 0, stdout: "hello\n", stderr: "" });
  const token = (await home.run(["token"])).stdout.trim();
  expect(api.seen).toMatchObject([
    { method: "GET", url: "/orders", headers: { authorization: `Bearer ${token}` } },
  ]);
});

test("another host is sent nothing at all, and the remedy is said", async () => {
  const { code, stderr } = await home.run(["fetch", other.url]);
  expect([code, stderr]).toEqual([
    2,
    `tessera: ${other.host} may not be sent tokens: if you trust it, run tessera bind ${other.host} --profile NAME.\n`,
  ]);
  expect(other.seen).toEqual([]);
});

test("a redirect to another host is followed without the token, and only with -L", async () => {
  api.answer = (_, response) => void response.writeHead(302, { location: `${other.url}/elsewhere` }).end();
  expect(await home.run(["fetch", "-i", api.url])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^HTTP 302 Found\n/),
  });
  expect(other.seen).toEqual([]);
  expect(await home.run(["fetch", "-L", api.url])).toMatchObject({ code: 0, stdout: "hello\n" });
  expect(other.seen).toHaveLength(1);
  expect(other.seen[0]?.headers.authorization).toBeUndefined();
});

describe("the options of curl", () => {
  const command = COMMANDS.find(({ name }) => name === "fetch");
  if (!command) throw new Error("The command line has no command named fetch.");

  test.each([
    [["-X", "DELETE"], { method: "DELETE", body: "" }],
    [
      ["-d", "a=1", "--data", "b=2"],
      { method: "POST", body: "a=1&b=2", headers: { "content-type": "application/x-www-form-urlencoded" } },
    ],
    [
      ["--json", '{"a":1}'],
      {
        method: "POST",
        body: '{"a":1}',
        headers: { "content-type": "application/json", accept: "application/json" },
      },
    ],
    [["-G", "-d", "a=1"], { method: "GET", url: "/?a=1", body: "" }],
    [
      ["-H", "X-Mine: yes", "-H", "Accept: text/plain"],
      { headers: { "x-mine": "yes", accept: "text/plain" } },
    ],
    [["-I"], { method: "HEAD" }],
    [["--data-raw", "@-"], { method: "POST", body: "@-" }],
  ])("%j, as the request that is sent", async (args, expected) => {
    const given = parse([`${api.url}/`, ...args], command);
    const { signal } = new AbortController();
    const { url, init } = await curlRequest(new URL(`${api.url}/`), { given, signal });
    await fetch(url, init);
    expect(api.seen).toMatchObject([expected]);
  });

  test.each([
    [["-X", "PUT", "-H", "X-Mine: yes", "-d", "@-"], { method: "PUT", body: "from standard input" }],
    [["-I"], { method: "HEAD" }],
  ])("%j, in a process", async (args, expected) => {
    const { code, stderr } = await home.run(["fetch", `${api.url}/`, ...args], {
      input: "from standard input\n",
    });
    expect([code, stderr]).toEqual([0, ""]);
    expect(api.seen).toMatchObject([expected]);
  });

  test("-o writes a file, -f makes an error of a status, and a token of one's own is refused", async () => {
    const file = join(home.folder, "answer");
    expect(await home.run(["fetch", api.url, "-o", file])).toMatchObject({ code: 0, stdout: "" });
    expect(readFileSync(file, "utf8")).toBe("hello\n");
    api.answer = (_, response) => void response.writeHead(500).end("broken");
    expect(await home.run(["fetch", api.url])).toMatchObject({ code: 0, stdout: "broken" });
    expect(await home.run(["fetch", "-f", api.url])).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringContaining("answers 500"),
    });
    const secret = await home.run(["fetch", api.url, "-H", "Authorization: Bearer my-own-secret"]);
    expect(secret).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("Authorization is set by tessera fetch"),
    });
    expect(secret.stderr).not.toContain("my-own-secret");
  });
});

test("a claims challenge is answered with another token", async () => {
  const claims = Buffer.from('{"access_token":{"nbf":{"essential":true,"value":"1"}}}').toString("base64");
  api.answer = (_, response) => {
    if (api.seen.length > 1) return void response.end("stepped up\n");
    const challenge = `Bearer error="insufficient_claims", claims="${claims}"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  };
  expect(await home.run(["fetch", `${api.url}/`, "-d", "body"])).toEqual({
    code: 0,
    stdout: "stepped up\n",
    stderr: "",
  });
  expect(api.seen.map(({ body }) => body)).toEqual(["body", "body"]);
  const [first, second] = api.seen.map(({ headers }) => headers.authorization);
  expect(first).not.toBe(second);
});

test("a token that is refused for good is the user's to mend", async () => {
  api.answer = (_, response) =>
    void response
      .writeHead(401, {
        "www-authenticate": 'Bearer error="invalid_token", error_description="wrong audience"',
      })
      .end();
  const { code, stderr } = await home.run(["fetch", api.url]);
  expect([code, stderr]).toEqual([
    3,
    "tessera: The server refuses the token (401): wrong audience. Check the scopes with tessera token | tessera inspect.\n",
  ]);
});

describe("an API that publishes what it wants (RFC 9728)", () => {
  test("gets a token of the profile's issuer, and of no other", async () => {
    const provider = await startOpenIdProvider({
      pollSeconds: 1,
      configure: (own) => ({
        ...own,
        features: {
          ...own.features,
          resourceIndicators: {
            enabled: true,
            getResourceServerInfo: (_context, audience) => ({
              scope: "reports:read",
              audience,
              accessTokenFormat: "jwt",
            }),
            useGrantedResource: () => true,
          },
        },
      }),
    });
    try {
      const own = stage.home({ BROWSER: "" });
      // The user of this provider types anything: the address is opened by a script that signs in.
      const terminal = own.atTerminal(
        `tessera login --issuer ${provider.url} --client-id ${provider.clients.publicClient.clientId} --device-code`,
      );
      await stage.signInOn(terminal);
      expect(await terminal.end()).toBe(0);
      await own.run(["bind", api.host]);
      const metadata = (issuer: string) => (seen: Seen, response: ServerResponse) => {
        if (seen.url.includes(".well-known"))
          return void response.writeHead(200, { "content-type": "application/json" }).end(
            JSON.stringify({
              resource: `${api.url}/`,
              authorization_servers: [issuer],
              scopes_supported: ["reports:read"],
            }),
          );
        if (seen.headers.authorization) return void response.end("found\n");
        response
          .writeHead(401, {
            "www-authenticate": `Bearer resource_metadata="${api.url}/.well-known/oauth-protected-resource"`,
          })
          .end();
      };
      api.answer = metadata(stage.authority.authorityUrl());
      const foreign = await own.run(["fetch", `${api.url}/`]);
      expect(foreign).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/takes tokens of .*: nothing is sent\.\n$/),
      });
      expect(api.seen.some(({ headers }) => headers.authorization)).toBe(false);
      api.answer = metadata(provider.url);
      // The token for the API needs the user's consent, at the terminal.
      const found = own.atTerminal(`tessera fetch ${api.url}/`, { env: { CI: "true" } });
      await stage.signInOn(found);
      await found.see(/found/);
      expect(await found.end()).toBe(0);
      const { authorization = "" } = api.seen.at(-1)?.headers ?? {};
      expect(decodeJwt(authorization.replace("Bearer ", ""))).toMatchObject({
        iss: provider.url,
        scope: "reports:read",
      });
    } finally {
      await provider.close();
    }
  });
});

test("tessera bind lists hosts, and takes them back", async () => {
  expect((await home.run(["bind"])).stdout).toBe(`${api.host}\n`);
  expect(await home.run(["bind", "--remove", "api.example"])).toMatchObject({
    code: 2,
    stderr: 'tessera: api.example is not bound to the profile "default".\n',
  });
  await home.run(["bind", "https://API.example:443/", "api://orders"]);
  expect((await home.run(["bind"])).stdout).toBe(`${api.host}\napi.example\napi://orders\n`);
  expect(await home.run(["bind", "--remove", "api.example", "api://orders"])).toMatchObject({ code: 0 });
  expect((await home.run(["bind"])).stdout).toBe(`${api.host}\n`);
});

test("a host of two profiles needs a name", async () => {
  const own = stage.home();
  for (const name of ["one", "two"]) {
    await stage.signedIn(own, "-p", name);
    await own.run(["bind", api.host, "-p", name]);
  }
  expect(await own.run(["fetch", api.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("pass --profile with one of one, two"),
  });
  expect(await own.run(["fetch", api.url, "-p", "two"])).toMatchObject({ code: 0, stdout: "hello\n" });
});

test.each(["*.example", "https://api.example/path", "user@api.example", "https://api.example?x", "a b", ""])(
  "%j is not a host",
  (text) => {
    expect(() => hostName(text)).toThrow(/is not a host/);
  },
);

test.each([
  ["https://api.example/any/path", "api.example"],
  ["http://api.example/", undefined],
  ["https://api.example:8443/", undefined],
  ["https://evil.example/api.example", undefined],
  ["https://api.example.evil/", undefined],
  ["https://api.example@evil.example/", undefined],
  ["http://localhost:8080/", "localhost:8080"],
  ["http://127.0.0.1.evil.example:8080/", undefined],
])("%s falls under %s", (url, host) => {
  const bindings = [
    { host: "api.example" },
    { host: "localhost:8080" },
    { host: "127.0.0.1.evil.example:8080" },
  ];
  expect(bindingOf({ bindings }, new URL(url))?.host).toBe(host);
});

test("a header file is read, and a file that is not there is named", async () => {
  const file = join(home.folder, "headers");
  writeFileSync(file, "X-One: 1\nX-Two: 2\n");
  await home.run(["fetch", api.url, "-H", `@${file}`]);
  expect(api.seen).toMatchObject([{ headers: { "x-one": "1", "x-two": "2" } }]);
  expect(await home.run(["fetch", api.url, "-d", "@/no/file"])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("/no/file cannot be read (ENOENT)"),
  });
});
