// proves: local-authority/src/cli.ts, local-authority/src/config/config-options.ts, local-authority/src/clock.ts, local-authority/src/server/start.ts,
// local-authority/src/server/listener.ts, local-authority/src/server/local-authority.ts,
// local-authority/src/config/config.ts, local-authority/src/config/defaults.ts,
// local-authority/src/config/options.ts, local-authority/src/config/checks.ts, local-authority/src/json.ts,
// local-authority/src/config/loopback.ts, local-authority/src/config/resolve-app.ts,
// local-authority/src/config/resolve-config.ts, local-authority/src/config/resolve-credentials.ts,
// local-authority/src/config/resolve-tenants.ts, local-authority/src/config/resolve-user.ts,
// local-authority/src/crypto/certificates.ts
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { LocalAuthorityConfigurationError, startLocalAuthority } from "@tessera/local-authority";
import { spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { connect } from "node:tls";
import { get } from "./requests.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "local-authority-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("start", () => {
  it("needs no configuration: two tenants with apps and users of every kind, the same in every run", async () => {
    const authority = await startLocalAuthority();
    expect(authority.url).toMatch(/^https:\/\/localhost:\d+$/);
    expect(authority.config.tenants.map(({ id, domain }) => [id, domain])).toEqual([
      ["c0c0c0c0-0000-4000-8000-000000000000", "contoso.example"],
      ["fabfabfa-0000-4000-8000-000000000000", "fabrikam.example"],
    ]);
    for (const { apps, users } of authority.config.tenants) {
      expect(apps.some(({ clientSecret }) => clientSecret !== undefined)).toBe(true);
      expect(apps.some(({ clientSecret }) => clientSecret === undefined)).toBe(true);
      expect(apps.some(({ requiresConsent }) => requiresConsent)).toBe(true);
      expect(apps.some(({ multiTenant }) => multiTenant)).toBe(true);
      expect(users.some(({ disabled }) => disabled)).toBe(true);
    }
    await authority.close();
  });

  it("serves plain HTTP on request", async () => {
    const authority = await startLocalAuthority({ http: true });
    expect(authority.url).toMatch(/^http:/);
    expect(authority.caPem).toBe("");
    expect((await get(authority, "/common/v2.0/.well-known/openid-configuration")).status).toBe(200);
    await authority.close();
  });

  it("writes the certificate to trust where it is told", async () => {
    const caFile = join(folder, "ca.pem");
    const authority = await startLocalAuthority({ caFile });
    expect(await readFile(caFile, "utf8")).toBe(authority.caPem);
    await authority.close();
  });

  it("has a certificate for this machine and the hosts it is given, and one for its signatures", async () => {
    const authority = await startLocalAuthority({ hosts: ["login.example"] });
    const ca = new X509Certificate(authority.caPem);
    const socket = connect({ port: authority.port, host: "localhost", ca: authority.caPem });
    await once(socket, "secureConnect");
    const server = socket.getPeerX509Certificate();
    socket.destroy();
    expect([ca.ca, ca.checkIssued(ca), ca.verify(ca.publicKey)]).toEqual([true, true, true]);
    expect([server?.ca, server?.checkIssued(ca), server?.verify(ca.publicKey)]).toEqual([false, true, true]);
    // Server authentication.
    expect(server?.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    for (const host of ["localhost", "login.example"]) expect(server?.checkHost(host)).toBe(host);
    for (const address of ["127.0.0.1", "::1"]) expect(server?.checkIP(address)).toBe(address);
    expect(server?.checkHost("elsewhere.example")).toBeUndefined();
    const { json } = await get(authority, "/common/discovery/v2.0/keys");
    const [{ x5c }] = json["keys"] as [{ x5c: [string] }];
    const signing = new X509Certificate(Buffer.from(x5c[0], "base64"));
    expect([signing.subject, signing.verify(signing.publicKey)]).toEqual([signing.issuer, true]);
    await authority.close();
  });

  it("closes at once, as often as it is asked, and frees its port", async () => {
    const first = await startLocalAuthority({ http: true });
    await get(first, "/common/v2.0/.well-known/openid-configuration");
    await Promise.all([first.close(), first.close()]);
    const second = await startLocalAuthority({ http: true, port: first.port });
    expect(second.port).toBe(first.port);
    await expect(startLocalAuthority({ http: true, port: first.port })).rejects.toMatchObject({
      cause: { code: "EADDRINUSE" },
    });
    await second.close();
  });

  it("takes its time from the clock it is given", async () => {
    const authority = await startLocalAuthority({ http: true, clock: () => 1_000_000_000_000 });
    await get(authority, "/common/v2.0/.well-known/openid-configuration");
    expect(authority.requests[0]?.time).toBe(1_000_000_000_000);
    await authority.close();
  });
});

describe("configuration", () => {
  it("is laid over the defaults: what matches is changed, what does not is added, and the order stays", async () => {
    const { config, close } = await startLocalAuthority({
      http: true,
      lifetimes: { code: 5 },
      tenants: [
        {
          domain: "contoso.example",
          apps: [
            { clientId: "c0c0c0c0-0000-4000-8000-0000000000a1", name: "Renamed", clientSecret: undefined },
            { clientId: "my-app", clientSecret: "my-secret", redirectUris: ["https://app.example/cb"] },
          ],
          users: [{ username: "zoe@contoso.example" }],
        },
        { domain: "wingtip.example", users: [{ username: "yan@wingtip.example", password: "pw" }] },
      ],
    });
    await close();
    expect(config.tenants.map(({ domain }) => domain)).toEqual([
      "contoso.example",
      "fabrikam.example",
      "wingtip.example",
    ]);
    const [contoso, , wingtip] = config.tenants;
    expect(contoso?.apps[0]).toMatchObject({ name: "Renamed", clientSecret: "contoso-web-secret" });
    expect(contoso?.apps.at(-1)).toMatchObject({
      clientId: "my-app",
      identifierUri: "api://my-app",
      requiresConsent: false,
    });
    expect(contoso?.users.at(-1)).toMatchObject({ password: "zoe-password", email: "zoe@contoso.example" });
    expect(wingtip).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      apps: [],
      name: "wingtip.example",
    });
    expect(config.lifetimes).toMatchObject({ code: 5, accessToken: 3599 });
  });

  it("can take a secret away, which makes the app public", async () => {
    const clientId = "c0c0c0c0-0000-4000-8000-0000000000a1";
    const { config, close } = await startLocalAuthority({
      http: true,
      tenants: [{ domain: "contoso.example", apps: [{ clientId, clientSecret: null }] }],
    });
    await close();
    expect(config.tenants[0]?.apps[0]?.clientSecret).toBeUndefined();
  });

  const contoso = (part: object) => ({ tenants: [{ domain: "contoso.example", ...part }] });
  const mistakes: readonly [string, object][] = [
    ["port", { port: 70_000 }],
    ["port", { port: "8443" }],
    ["http", { http: "yes" }],
    ["caFile", { caFile: "" }],
    ["caFile", { http: true, caFile: "ca.pem" }],
    ["clock", { clock: 1 }],
    ["tenant", { tenant: [] }],
    ["tenants", { tenants: {} }],
    ["tenants[0].id", { tenants: [{ id: "not-a-guid", domain: "a.example" }] }],
    ["tenants[0].domain", { tenants: [{ name: "Nameless" }] }],
    ["tenants[0].apps[0].clientId", contoso({ apps: [{ clientId: "" }] })],
    [
      "tenants[0].apps[0].redirectUris[1]",
      contoso({ apps: [{ clientId: "a", redirectUris: ["https://a.example", "/cb"] }] }),
    ],
    [
      "tenants[0].apps[0].redirectUri",
      contoso({ apps: [{ clientId: "a", redirectUri: "https://a.example" }] }),
    ],
    ["tenants[0].apps[0].clientSecret", contoso({ apps: [{ clientId: "a", clientSecret: "" }] })],
    [
      "tenants[0].apps[0].refreshTokenRotation",
      contoso({ apps: [{ clientId: "a", refreshTokenRotation: "never" }] }),
    ],
    ["tenants[0].users[0].oid", contoso({ users: [{ username: "a@contoso.example", oid: "1" }] })],
    ["tenants[0].users[0].password", contoso({ users: [{ username: "a@contoso.example", password: "" }] })],
    ["lifetimes.accessToken", { lifetimes: { accessToken: "1h" } }],
    ["lifetimes.token", { lifetimes: { token: 1 } }],
    ["refreshTokenRotation", { refreshTokenRotation: "sometimes" }],
    ["extExpiresIn", { extExpiresIn: -1 }],
    ["resources[0]", { resources: [1] }],
    [
      "clientId of b",
      {
        tenants: [
          { domain: "b.example", apps: [{ clientId: "c0c0c0c0-0000-4000-8000-0000000000a1", name: "b" }] },
        ],
      },
    ],
  ];
  it.each(mistakes)("is refused, naming the field: %s", async (field, options) => {
    const start = startLocalAuthority(options);
    await expect(start).rejects.toBeInstanceOf(LocalAuthorityConfigurationError);
    await expect(start).rejects.toMatchObject({ field, message: expect.stringContaining(`${field} is `) });
  });

  it("is refused without telling secrets", async () => {
    const options = contoso({ apps: [{ clientId: "a", clientSecret: " padded secret" }] });
    await expect(startLocalAuthority(options)).rejects.toThrow(/clientSecret is hidden/);
  });
});

describe("command line", () => {
  const cli = resolve("packages/local-authority/dist/cli.js");
  const run = (...args: string[]) => {
    if (!existsSync(cli)) throw new Error(`${cli} is missing: run npm run build`);
    return spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  };

  it("prints its configuration as one line of JSON, serves, and stops when asked to", async () => {
    const config = join(folder, "config.json");
    const caFile = join(folder, "ca.pem");
    await writeFile(config, JSON.stringify({ lifetimes: { code: 7 } }));
    const child = run("--port", "0", "--ca-file", caFile, "--config", config);
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const printed = JSON.parse(line);
    expect(printed).toMatchObject({ caFile, caPem: await readFile(caFile, "utf8"), lifetimes: { code: 7 } });
    expect(printed.tenants[0].apps[0].clientSecret).toBe("contoso-web-secret");
    expect((await get(printed, "/common/v2.0/.well-known/openid-configuration")).status).toBe(200);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it.each([
    [["--help"], 0, /--ca-file FILE/],
    [["--port", "many"], 2, /--port "many" is not a number.*0 to 65535/],
    [["--colour"], 2, /--colour/],
    [["--config", "/nowhere.json"], 1, /nowhere\.json/],
  ])("answers %j and ends", async (args, code, text) => {
    const child = run(...args);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    expect(await once(child, "close")).toEqual([code, null]);
    expect(output).toMatch(text);
  });
});
