// The helper protocols, with the tools that speak them: git, docker's own form, kubectl, AWS, and AzureCliCredential.
// proves: cli/src/commands/credential.ts, cli/src/helpers/bound-token.ts, cli/src/helpers/git.ts, cli/src/helpers/docker.ts,
// cli/src/helpers/kubectl.ts, cli/src/helpers/aws.ts, cli/src/helpers/azure.ts
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { AzureCliCredential } from "@azure/identity";
import { decodeJwt } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startStage, type Home, type Stage } from "./stage.js";

let stage: Stage;
let home: Home;
let token: string;
beforeAll(async () => {
  stage = await startStage();
  home = stage.home();
  await stage.signedIn(home);
  await home.run(["bind", "git.example", "registry.example:5000", "--username", "alice"]);
  await home.run(["bind", "other.example"]);
  token = (await home.run(["token"])).stdout.trim();
});
afterAll(() => stage.close());

const has = (tool: string): boolean =>
  spawnSync(tool, ["--version"]).status === 0 || spawnSync(tool, ["version", "--client"]).status === 0;

describe("git", () => {
  const fill = (host: string, env = {}) =>
    home.tool(
      [
        "git",
        "-c",
        "credential.helper=",
        "-c",
        "credential.helper=!tessera credential git",
        "credential",
        "fill",
      ],
      {
        input: `protocol=https\nhost=${host}\n\n`,
        env: { GIT_TERMINAL_PROMPT: "0", GIT_ASKPASS: "false", ...env },
      },
    );

  test("itself gets a token for a bound host", async () => {
    const { code, stdout } = await fill("git.example");
    expect(code).toBe(0);
    expect(stdout).toContain(`username=alice\npassword=${token}\n`);
    expect((await fill("other.example")).stdout).toContain("username=oauth2\n");
  });

  test("gets nothing for another host, and asks its next helper", async () => {
    const { code, stdout } = await fill("elsewhere.example");
    expect(code).not.toBe(0);
    expect(stdout).not.toContain(token);
    const direct = await home.run(["credential", "git", "get"], {
      input: "protocol=https\nhost=elsewhere.example\n\n",
    });
    expect(direct).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("gets Bearer from version 2.46 on, which announces that it knows types", async () => {
    const input = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=git.example\n\n";
    const { stdout } = await home.run(["credential", "git", "get"], { input });
    const [given, expiry] = stdout.split("password_expiry_utc=");
    expect(given).toBe(`capability[]=authtype\nauthtype=Bearer\ncredential=${token}\nephemeral=1\n`);
    expect(Math.abs(Number(expiry) - (decodeJwt(token).exp ?? 0))).toBeLessThanOrEqual(2);
  });

  test("has a refused token replaced by `erase`, and its `store` ignored", async () => {
    const own = stage.home();
    await stage.signedIn(own);
    await own.run(["bind", "git.example"]);
    const before = (await own.run(["token"])).stdout.trim();
    const input = `protocol=https\nhost=git.example\nusername=oauth2\npassword=${before}\n\n`;
    expect(await own.run(["credential", "git", "store"], { input })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
    expect((await own.run(["token"])).stdout.trim()).toBe(before);
    expect(await own.run(["credential", "git", "erase"], { input })).toMatchObject({ code: 0, stdout: "" });
    expect((await own.run(["token"])).stdout.trim()).not.toBe(before);
  });
});

describe("docker", () => {
  const helper = (verb: string, input = "") => home.tool(["docker-credential-tessera", verb], { input });

  test("gets a token as the password of a bound registry", async () => {
    const { code, stdout } = await helper("get", "https://registry.example:5000\n");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ServerURL: "https://registry.example:5000",
      Username: "alice",
      Secret: token,
    });
  });

  test("is told in its own words that there is nothing for another", async () => {
    expect(await helper("get", "elsewhere.example")).toEqual({
      code: 1,
      stdout: "credentials not found in native keychain\n",
      stderr: "",
    });
  });

  test("lists the bound hosts, and has no passwords kept", async () => {
    expect(JSON.parse((await helper("list")).stdout)).toEqual({
      "git.example": "alice",
      "registry.example:5000": "alice",
      "other.example": "oauth2",
    });
    const secret = JSON.stringify({ ServerURL: "elsewhere.example", Username: "u", Secret: "a-password" });
    const stored = await helper("store", secret);
    expect(stored).toMatchObject({ code: 2, stderr: expect.stringContaining("tessera keeps no passwords") });
    expect(stored.stderr).not.toContain("a-password");
    const bound = JSON.stringify({ ServerURL: "https://git.example", Username: "u", Secret: "a-password" });
    expect(await helper("store", bound)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await helper("erase", "git.example")).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});

describe("kubectl", () => {
  const local = makeCertificate({ subject: "localhost", dnsNames: ["localhost"], keyType: "ec" });

  // Debian 12 has no package of it: there the protocol's own form is checked, below.
  (has("kubectl") ? test : test.skip)("itself sends the token to a bound cluster", async () => {
    const seen: string[] = [];
    const cluster = createServer(
      { key: local.privateKeyPem, cert: local.certificatePem },
      (request, response) => {
        seen.push(request.headers.authorization ?? "");
        response
          .writeHead(200, { "content-type": "application/json" })
          .end('{"major":"1","minor":"32","gitVersion":"v1.32.0"}');
      },
    ).listen(0, "localhost");
    await once(cluster, "listening");
    const host = `localhost:${(cluster.address() as AddressInfo).port}`;
    const config = join(home.folder, "kubeconfig");
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command: "tessera",
      args: ["credential", "kubectl"],
      interactiveMode: "IfAvailable",
      provideClusterInfo: true,
    };
    const ca = Buffer.from(local.certificatePem).toString("base64");
    writeFileSync(
      config,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [
          { name: "local", cluster: { server: `https://${host}`, "certificate-authority-data": ca } },
        ],
        users: [{ name: "user", user: { exec } }],
        contexts: [{ name: "local", context: { cluster: "local", user: "user" } }],
        "current-context": "local",
      }),
    );
    const ask = () =>
      home.tool(["kubectl", "--kubeconfig", config, "get", "--raw", "/version"], {
        env: { NO_PROXY: "localhost" },
      });
    try {
      const refused = await ask();
      expect(refused.stderr).toContain(`${host} may not be sent tokens`);
      expect(seen.filter(Boolean)).toEqual([]);
      await home.run(["bind", host]);
      const answered = await ask();
      expect(answered).toMatchObject({ code: 0, stdout: expect.stringContaining("v1.32.0") });
      expect(seen.at(-1)).toBe(`Bearer ${token}`);
    } finally {
      cluster.closeAllConnections();
      cluster.close();
    }
  });

  test("gets an ExecCredential, with the ID token if it is told to", async () => {
    const info = {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      spec: { cluster: { server: "https://git.example" }, interactive: false },
    };
    const env = { KUBERNETES_EXEC_INFO: JSON.stringify(info) };
    const { stdout } = await home.run(["credential", "kubectl", "--id-token"], { env });
    const answer = JSON.parse(stdout) as { status: { token: string; expirationTimestamp: string } };
    expect(answer).toMatchObject({ apiVersion: info.apiVersion, kind: "ExecCredential" });
    const { aud, exp } = decodeJwt(answer.status.token);
    expect(aud).toBe(stage.app.clientId);
    expect(answer.status.expirationTimestamp).toBe(
      new Date((exp ?? 0) * 1000).toISOString().replace(".000", ""),
    );
    expect(await home.run(["credential", "kubectl"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("set provideClusterInfo: true"),
    });
  });
});

describe("AWS", () => {
  test("gets the keys of a role for the ID token, at a bound service", async () => {
    const forms: URLSearchParams[] = [];
    const service = createHttpServer((request, response) => {
      void (async () => {
        const form = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
        forms.push(form);
        const isKnown = form.get("RoleArn") === "arn:aws:iam::123456789012:role/deploy";
        response
          .writeHead(isKnown ? 200 : 403, { "content-type": "text/xml" })
          .end(
            isKnown
              ? `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><SessionToken>a&amp;b</SessionToken><SecretAccessKey>the-secret</SecretAccessKey><Expiration>2026-12-01T00:00:00Z</Expiration><AccessKeyId>ASIA1</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
              : `<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not authorized</Message></Error></ErrorResponse>`,
          );
      })();
    }).listen(0, "127.0.0.1");
    await once(service, "listening");
    const host = `127.0.0.1:${(service.address() as AddressInfo).port}`;
    const env = { AWS_ENDPOINT_URL_STS: `http://${host}/` };
    const ask = (role: string) =>
      home.run(
        [
          "credential",
          "aws",
          "--role-arn",
          `arn:aws:iam::123456789012:role/${role}`,
          "--session-name",
          "alice",
        ],
        { env },
      );
    try {
      expect(await ask("deploy")).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("may not be sent tokens"),
      });
      expect(forms).toEqual([]);
      await home.run(["bind", host]);
      const { code, stdout } = await ask("deploy");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        Version: 1,
        AccessKeyId: "ASIA1",
        SecretAccessKey: "the-secret",
        SessionToken: "a&b",
        Expiration: "2026-12-01T00:00:00Z",
      });
      expect(Object.fromEntries(forms[0] ?? [])).toMatchObject({
        Action: "AssumeRoleWithWebIdentity",
        RoleSessionName: "alice",
        Version: "2011-06-15",
      });
      expect(decodeJwt(forms[0]?.get("WebIdentityToken") ?? "")).toMatchObject({ aud: stage.app.clientId });
      expect(await ask("other")).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining("refuses the role (AccessDenied): Not authorized"),
      });
    } finally {
      service.closeAllConnections();
      service.close();
    }
  });

  test("needs a role", async () => {
    expect(await home.run(["credential", "aws"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("pass --role-arn"),
    });
  });
});

describe("Azure", () => {
  test("AzureCliCredential reads the token where a script named az passes its words on", async () => {
    home.program("az", '#!/bin/sh\nexec tessera credential azure "$@"\n');
    await home.run(["bind", "graph.microsoft.com", "-p", "default"]);
    const before = { ...process.env };
    Object.assign(process.env, {
      PATH: [join(home.folder, "bin"), before["PATH"]].join(delimiter),
      XDG_DATA_HOME: join(home.folder, "data"),
      TESSERA_STORE: "file",
    });
    try {
      const credential = new AzureCliCredential();
      const result = await credential.getToken("https://graph.microsoft.com/.default");
      const { aud, exp } = decodeJwt(result.token);
      expect(aud).toContain("graph.microsoft.com");
      expect(Math.abs(result.expiresOnTimestamp / 1000 - (exp ?? 0))).toBeLessThanOrEqual(2);
    } finally {
      for (const name of ["PATH", "XDG_DATA_HOME", "TESSERA_STORE"]) {
        delete process.env[name];
        if (before[name] !== undefined) process.env[name] = before[name];
      }
    }
  });

  test("has the shape of az account get-access-token, for bound APIs", async () => {
    const { stdout } = await home.run(["credential", "azure", "--resource", "https://graph.microsoft.com"]);
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(answer)).toEqual([
      "accessToken",
      "expiresOn",
      "expires_on",
      "subscription",
      "tenant",
      "tokenType",
    ]);
    expect(answer["expiresOn"]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    expect(new Date(String(answer["expiresOn"])).getTime()).toBe(Number(answer["expires_on"]) * 1000);
    expect(await home.run(["credential", "azure", "--resource", "https://vault.azure.net"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("vault.azure.net may not be sent tokens"),
    });
    expect(await home.run(["credential", "azure", "account", "show"])).toMatchObject({ code: 2 });
  });
});

test("another tool is refused", async () => {
  expect(await home.run(["credential", "svn"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("pass one of git, docker, kubectl, aws, azure"),
  });
});
