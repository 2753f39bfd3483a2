// proves: local-authority/src/server/check-host.ts, local-authority/src/server/check-origin.ts,
// local-authority/src/http/redirect-uris.ts, local-authority/src/pages/layout.ts
// What the web pages that a developer has open can do to the local authority: nothing but send a browser to it.
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  LocalAuthorityConfigurationError,
  startLocalAuthority,
  type LocalAuthority,
} from "@tessera/local-authority";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { resolve } from "node:path";
import { Agent, request } from "undici";
import { makeCertificate } from "../support/certificates.js";
import { hasChromium, launchChromium, typeCredentials, type Chromium } from "../support/chromium.js";
import { describeWith } from "../support/real-part.js";

const contoso = "c0c0c0c0-0000-4000-8000-000000000000";
const client = (suffix: string) => `c0c0c0c0-0000-4000-8000-0000000000${suffix}`;
const daemon = { client_id: client("a4"), client_secret: "contoso-daemon-secret" };
const appToken = {
  ...daemon,
  grant_type: "client_credentials",
  scope: "https://graph.microsoft.com/.default",
};
const evil = "https://evil.example";

let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority({
    hosts: ["login.dev.example", "published.example:9443"],
    instanceMetadata: { location: "westus2" },
    tenants: [
      {
        id: contoso,
        apps: [
          {
            clientId: "spa",
            redirectUris: ["https://spa.example/signed-in", "https://port.example:8080/*", "msal://auth"],
          },
          {
            clientId: "tls",
            tlsClientAuth: { certificate: makeCertificate({ subject: "tls" }).certificatePem },
          },
        ],
        users: [{ username: "mia@contoso.example", multiFactor: true }],
      },
    ],
  });
});
afterAll(() => authority.close());
afterEach(() => {
  authority.clearRequests();
});

interface Sent {
  readonly method?: "GET" | "POST" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

async function send(url: string, { method = "GET", headers = {}, form }: Sent = {}) {
  const dispatcher = new Agent({
    connect: { ca: authority.caPem, checkServerIdentity: () => undefined },
    pipelining: 0,
  });
  const answer = await request(url, {
    dispatcher,
    method,
    headers: { ...(form && { "content-type": "application/x-www-form-urlencoded" }), ...headers },
    body: form && new URLSearchParams(form).toString(),
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}

const discovery = "/common/v2.0/.well-known/openid-configuration";
const tokenPath = `/${contoso}/oauth2/v2.0/token`;
/** The TLS endpoint for clients with a certificate, which has a port of its own. */
const mtlsUrl = async () => {
  const { mtls_endpoint_aliases } = JSON.parse((await send(authority.url + discovery)).text);
  return new URL(mtls_endpoint_aliases.token_endpoint).origin;
};
const metadataUrl = () => `${String(authority.instanceMetadataUrl)}/metadata/instance?api-version=2021-02-01`;

describe("only names of this machine are answered (DNS rebinding)", () => {
  const own = (host: string) => host.replace("{port}", String(authority.port));

  it.each([
    "localhost:{port}",
    "LOCALHOST:{port}",
    "westus2.localhost:{port}",
    "127.0.0.1:{port}",
    "127.8.8.8:{port}",
    "[::1]:{port}",
    "login.dev.example:{port}",
    "published.example:9443",
  ])("%s is answered", async (host) => {
    const answer = await send(authority.url + discovery, { headers: { host: own(host) } });
    expect(answer.status).toBe(200);
  });

  it.each([
    "evil.example:{port}",
    "evil.example",
    "localhost.evil.example:{port}",
    "notlocalhost:{port}",
    "127.0.0.1.evil.example:{port}",
    "evil.example#@localhost:{port}",
    "evil.example@localhost:{port}",
    "10.0.0.1:{port}",
    "[fe80::1]:{port}",
    "localhost:1",
    "localhost",
    "login.dev.example",
    "published.example:{port}",
  ])("%s is refused, and leaves no trace", async (host) => {
    const fault = authority.fault({ match: () => true });
    const answer = await send(authority.url + tokenPath, {
      method: "POST",
      headers: { host: own(host) },
      form: appToken,
    });
    // 400 for what is no host at all.
    expect([400, 421]).toContain(answer.status);
    if (answer.status === 421) expect(answer.text).toMatch(/does not serve the host.*option hosts/);
    expect(answer.text).not.toContain("access_token");
    expect(authority.requests).toEqual([]);
    expect(fault.hits).toBe(0);
    fault.clear();
  });

  it("holds for plain HTTP, for mutual TLS and for the instance metadata service", async () => {
    const plain = await startLocalAuthority({ http: true });
    for (const url of [plain.url + discovery, (await mtlsUrl()) + discovery, metadataUrl()]) {
      const host = `evil.example:${new URL(url).port}`;
      expect((await send(url, { headers: { metadata: "true", host } })).status).toBe(421);
    }
    expect((await send(plain.url + discovery)).status).toBe(200);
    expect((await send((await mtlsUrl()) + discovery)).status).toBe(200);
    await plain.close();
  });

  it.each(["Evil.example", "https://evil.example", "*", "", "a b", 7])(
    "a host to accept cannot be %p",
    async (host) => {
      const start = startLocalAuthority({ hosts: [host as string] });
      await expect(start).rejects.toThrow(LocalAuthorityConfigurationError);
      await expect(start).rejects.toThrow(/^hosts\[0\] is /);
    },
  );

  it("the certificate names the hosts to accept", async () => {
    const lookup: LookupFunction = (_, { all }, done) => {
      if (all === true) done(null, [{ address: "127.0.0.1", family: 4 }]);
      else done(null, "127.0.0.1", 4);
    };
    const dispatcher = new Agent({ connect: { ca: authority.caPem, lookup }, pipelining: 0 });
    const { statusCode, body } = await request(`https://login.dev.example:${authority.port}${discovery}`, {
      dispatcher,
    });
    await body.dump();
    expect(statusCode).toBe(200);
  });
});

/** Every endpoint there is, as the answer to an unknown path lists them. */
async function everyEndpoint(): Promise<readonly (readonly ["GET" | "POST", string])[]> {
  const { endpoints } = JSON.parse((await send(`${authority.url}/unknown`)).text) as { endpoints: string[] };
  return endpoints.map((line) => {
    const [method, path = ""] = line.split(" ");
    return [
      method as "GET" | "POST",
      path
        .replace("{tenant}", contoso)
        .replace("{policy}", "b2c_1_x")
        .replace("{version}", "13")
        .replace("{username}", "alice@contoso.example"),
    ] as const;
  });
}

const isOpen = (path: string) => /\/(authorize|logout)$/.test(path);

describe("a web page of another origin", () => {
  it.each([
    evil,
    "null",
    "http://localhost.evil.example",
    "http://evil.localhost:3000",
    "https://spa.example:444",
  ])("%s can read no endpoint, and reaches only those a browser is sent to", async (origin) => {
    const endpoints = await everyEndpoint();
    expect(endpoints.length).toBeGreaterThan(30);
    const reached: string[] = [];
    for (const [method, path] of endpoints) {
      authority.clearRequests();
      const form = method === "POST" ? appToken : undefined;
      const { headers, status, text } = await send(authority.url + path, {
        method,
        headers: { origin },
        form,
      });
      expect([path, headers["access-control-allow-origin"]]).toEqual([path, undefined]);
      expect(text).not.toContain("access_token");
      if (authority.requests.length > 0) reached.push(path);
      else expect([path, status]).toEqual([path, 403]);
    }
    expect(reached.filter((path) => !isOpen(path))).toEqual([]);
  });

  it("gets no preflight answered", async () => {
    const preflight = { origin: evil, "access-control-request-method": "POST" };
    for (const [, path] of await everyEndpoint()) {
      const { headers } = await send(authority.url + path, { method: "OPTIONS", headers: preflight });
      expect([path, headers["access-control-allow-origin"]]).toEqual([path, undefined]);
    }
  });

  it("neither fills the journal nor uses up a fault", async () => {
    const fault = authority.fault({ match: "token", status: 503 });
    await send(authority.url + tokenPath, { method: "POST", headers: { origin: evil }, form: appToken });
    expect(fault.hits).toBe(0);
    expect(authority.requests).toEqual([]);
    fault.clear();
  });

  it("finds neither the journal nor the faults under any address", async () => {
    const paths = (await everyEndpoint()).map(([, path]) => path);
    expect(paths.filter((path) => /journal|fault|requests|clock/.test(path))).toEqual([]);
  });

  it("cannot ask the instance metadata service", async () => {
    const headers = { metadata: "true" };
    expect((await send(metadataUrl(), { headers })).status).toBe(200);
    const refused = await send(metadataUrl(), { headers: { ...headers, origin: evil } });
    expect(refused).toMatchObject({ status: 403 });
    expect(refused.headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("the web page of an app", () => {
  it.each([
    "https://spa.example",
    "https://port.example:8080",
    "http://localhost",
    "http://localhost:5173",
    "http://127.0.0.1:5173",
  ])("at %s, where the app has a redirect URI, may ask for tokens and keys", async (origin) => {
    const preflight = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    const readable = { "access-control-allow-origin": origin, vary: expect.stringContaining("Origin") };
    const token = authority.url + tokenPath;
    const answers = [
      await send(token, { method: "OPTIONS", headers: preflight }),
      await send(token, { method: "POST", headers: { origin }, form: appToken }),
      await send(authority.url + discovery, { headers: { origin } }),
    ];
    for (const { headers, status } of answers) {
      expect(headers).toMatchObject(readable);
      expect([200, 204]).toContain(status);
    }
  });

  it("may not read the pages, nor post their forms", async () => {
    const origin = "https://spa.example";
    const page = await send(authorizeUrl(), { headers: { origin } });
    expect(page.status).toBe(200);
    expect(page.headers).not.toHaveProperty("access-control-allow-origin");
    const typed = await send(`${authority.url}/common/oauth2/deviceauth`, {
      method: "POST",
      headers: { origin },
      form: { user_code: "BCDFGHJKL" },
    });
    expect(typed.status).toBe(403);
  });
});

function authorizeUrl(parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams({
    client_id: client("a2"),
    response_type: "code",
    redirect_uri: "http://localhost:3000/signed-in",
    scope: "openid",
    ...parameters,
  });
  return `${authority.url}/${contoso}/oauth2/v2.0/authorize?${query.toString()}`;
}

/** Opens the sign-in page and signs in as far as the next page. */
async function visit(
  parameters: Readonly<Record<string, string>>,
  user?: { username: string; password: string },
) {
  const first = await send(authorizeUrl(parameters));
  const cookie = cookiesOf(first.headers);
  if (user === undefined) return { ...first, cookie };
  const next = await send(`${authority.url}/${contoso}/login`, {
    method: "POST",
    headers: { cookie, origin: authority.url },
    form: { ctx: hiddenField(first.text), ...user },
  });
  return { ...next, cookie: [cookie, cookiesOf(next.headers)].filter(Boolean).join("; ") };
}

const cookiesOf = (headers: Readonly<Record<string, string | string[] | undefined>>) =>
  [headers["set-cookie"] ?? []]
    .flat()
    .map((line) => line.split(";")[0])
    .join("; ");
const hiddenField = (text: string) => /name="ctx" value="([^"]*)"/.exec(text)?.[1] ?? "";
const alice = { username: "alice@contoso.example", password: "alice-password" };
const bob = { username: "bob@contoso.example", password: "bob-password" };
const mia = { username: "mia@contoso.example", password: "mia-password" };
const consent = { client_id: client("a3") };

describe("the forms of the sign-in pages are taken from these pages only", () => {
  const pages = [
    ["login", () => visit({}), alice],
    ["select-account", () => visit({ prompt: "create" }), { account: "other" }],
    ["verify", () => visit({}, mia), { decision: "accept" }],
    ["consent", () => visit(consent, alice), { decision: "accept" }],
  ] as const;

  it.each(pages)("%s", async (name, open, answer) => {
    const { text, cookie } = await open();
    const url = `${authority.url}/${contoso}/${name}`;
    const form = { ctx: hiddenField(text), ...answer };
    for (const origin of [evil, "null", "https://spa.example", "http://localhost:3000"]) {
      const refused = await send(url, { method: "POST", headers: { cookie, origin }, form });
      expect([origin, refused.status]).toEqual([origin, 403]);
    }
    const strange = await send(url, { method: "POST", headers: { origin: authority.url }, form });
    expect(strange.status).toBe(400);
    const taken = await send(url, { method: "POST", headers: { cookie, origin: authority.url }, form });
    expect([200, 302]).toContain(taken.status);
  });

  it("the code of a device", async () => {
    const url = `${authority.url}/common/oauth2/deviceauth`;
    for (const [origin, status] of [
      [evil, 403],
      ["null", 403],
      [authority.url, 200],
    ] as const) {
      const form = { user_code: "BCDFGHJKL" };
      expect((await send(url, { method: "POST", headers: { origin }, form })).status).toBe(status);
    }
  });
});

describe("no page can be framed, and none lets its address leave", () => {
  it.each([
    ["sign in", () => visit({})],
    ["create an account", () => visit({ prompt: "create" })],
    ["verify", () => visit({}, mia)],
    ["consent", () => visit(consent, bob)],
    ["error", () => visit({ redirect_uri: "https://evil.example" })],
    ["form_post", () => visit({ response_mode: "form_post" }, alice)],
    ["device code", () => send(`${authority.url}/common/oauth2/deviceauth`)],
    ["signed out", () => send(`${authority.url}/common/oauth2/v2.0/logout`)],
  ])("%s", async (_, open) => {
    const { headers, text } = await open();
    expect(text).toContain("<!doctype html>");
    expect(headers).toMatchObject({
      "x-frame-options": "DENY",
      "content-security-policy": expect.stringContaining("frame-ancestors 'none'"),
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
    });
  });
});

it("the command line says that its default secrets are public", async () => {
  const cli = resolve("packages/local-authority/dist/cli.js");
  const child = spawn(process.execPath, [cli], { stdio: ["ignore", "pipe", "pipe"] });
  const [notice] = (await once(child.stderr, "data")) as [Buffer];
  expect(notice.toString()).toMatch(/default client secrets and passwords are public/);
  child.kill("SIGTERM");
  await once(child, "exit");
});

describeWith("Chromium", hasChromium, () => {
  let chromium: Chromium;
  let pages: { readonly port: number; readonly close: () => void };
  beforeAll(async () => {
    chromium = await launchChromium();
    const server = createServer((_, response) => {
      response.setHeader("content-type", "text/html").end("<!doctype html><title>a page</title>");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    pages = { port: (server.address() as AddressInfo).port, close: () => void server.close() };
  });
  afterAll(async () => {
    pages.close();
    await chromium.close();
  });

  const fetchToken = ([url, body]: readonly [string, string]): Promise<string> =>
    fetch(url, { method: "POST", body: new URLSearchParams(body) }).then(
      (answer) => answer.text(),
      (error: unknown) => String(error),
    );

  it("a page of a stranger reads no token with the public secrets; that of an app does", async () => {
    const { page, close } = await chromium.user();
    const ask = [authority.url + tokenPath, new URLSearchParams(appToken).toString()] as const;
    await page.goto(`http://localhost:${pages.port}/`);
    expect(await page.evaluate(fetchToken, ask)).toContain("access_token");
    await page.goto(`http://evil.localhost:${pages.port}/`);
    expect(await page.evaluate(fetchToken, ask)).toBe("TypeError: Failed to fetch");
    await close();
  });

  it("a page of a stranger cannot post the form for a device's code; the user can, and signs in", async () => {
    const { user_code, verification_uri } = JSON.parse(
      (
        await send(`${authority.url}/${contoso}/oauth2/v2.0/devicecode`, {
          method: "POST",
          form: { client_id: client("a2"), scope: "openid" },
        })
      ).text,
    ) as { user_code: string; verification_uri: string };
    const { page, close } = await chromium.user();
    await page.goto(`http://localhost:${pages.port}/`);
    await page.setContent(
      `<form method="post" action="${verification_uri}"><input name="user_code" value="${user_code}"><button>Win</button></form>`,
    );
    await page.getByRole("button").click();
    await page.waitForURL(verification_uri);
    expect(await page.locator("body").innerText()).toContain("Only its own pages may send this form.");
    await page.goto(verification_uri);
    await page.getByLabel("Code").fill(user_code);
    await page.getByRole("button", { name: "Next" }).click();
    await typeCredentials(page, alice);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText("You have signed in").waitFor();
    await close();
  });
});
