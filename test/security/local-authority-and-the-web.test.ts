// proves: local-authority/src/server/check-host.ts, local-authority/src/server/check-origin.ts,
// local-authority/src/http/redirect-uris.ts
// What the web pages that a developer has open can do to the local authority: nothing but send a browser to it.
import { describe, expect, it } from "@jest/globals";
import { LocalAuthorityConfigurationError, startLocalAuthority } from "@tessera/local-authority";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { LookupFunction } from "node:net";
import { resolve } from "node:path";
import { Agent, request } from "undici";
import {
  appToken,
  authority,
  authorizeUrl,
  contoso,
  discovery,
  evil,
  send,
  tokenPath,
} from "../support/web-stage.js";
import { inSample } from "../support/sample.js";

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
    const all = await everyEndpoint();
    expect(all.length).toBeGreaterThan(30);
    // A stranger's origin is tried everywhere, each of the others at a third of the endpoints.
    const endpoints = all.filter(([, path]) => origin === evil || inSample(path, origin.length));
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

  it("finds neither the journal nor the faults under any address but the console's, which refuses it", async () => {
    // console-guard.test.ts tries each of the console's own.
    const paths = (await everyEndpoint())
      .map(([, path]) => path)
      .filter((path) => !path.startsWith("/_console"));
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

it("the command line says that its default secrets are public", async () => {
  const cli = resolve("packages/local-authority/dist/cli.js");
  const child = spawn(process.execPath, [cli], { stdio: ["ignore", "pipe", "pipe"] });
  const [notice] = (await once(child.stderr, "data")) as [Buffer];
  expect(notice.toString()).toMatch(/default client secrets and passwords are public/);
  child.kill("SIGTERM");
  await once(child, "exit");
});
