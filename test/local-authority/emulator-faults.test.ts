// What goes wrong at a host, and what its environment looks like: on the command line, in a shell, in a .env file.
// proves: local-authority/src/emulator/environment-text.ts, local-authority/src/server/request-steps.ts,
// local-authority/src/cli.ts
import { ManagedIdentityCredential } from "@azure/identity";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import {
  startLocalAuthority,
  type EmulatedHost,
  type Fault,
  type HostName,
  type LocalAuthority,
} from "@tessera/local-authority";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  environmentText,
  type EnvironmentFormat,
} from "../../packages/local-authority/src/emulator/environment-text.js";
import { inHost, managedIdentity } from "./emulated-clients.js";

const resource = "https://vault.azure.net";

let authority: LocalAuthority;
let imds: EmulatedHost;
let appService: EmulatedHost;
let folder: string;
beforeAll(async () => {
  authority = await startLocalAuthority({ http: true });
  [imds, appService] = await Promise.all([authority.emulate("imds"), authority.emulate("app-service")]);
  folder = await mkdtemp(join(tmpdir(), "emulator-faults-"));
});
afterEach(() => authority.clearRequests());
afterAll(async () => {
  await authority.close();
  await rm(folder, { recursive: true });
});

const endpointOf = ({ environment }: EmulatedHost) =>
  environment["IDENTITY_ENDPOINT"] ??
  `${environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] ?? ""}/metadata/identity/oauth2/token`;
const ask = (host: EmulatedHost) =>
  fetch(
    `${endpointOf(host)}?api-version=${host === imds ? "2018-02-01" : "2019-08-01"}&resource=${resource}`,
    {
      redirect: "manual",
      headers: { Metadata: "true", "X-IDENTITY-HEADER": host.environment["IDENTITY_HEADER"] ?? "" },
    },
  );

describe("a fault at a host", () => {
  it("comes in sequences, in the form of that host, with headers", async () => {
    for (const status of [404, 410, 429, 500, 503]) {
      authority.fault({ match: "managed-identity", status, headers: { "Retry-After": "7" } });
    }
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const response = await ask(imds);
      statuses.push(response.status);
      if (response.status === 429) {
        expect(response.headers.get("retry-after")).toBe("7");
        expect(await response.json()).toMatchObject({ error: "too_many_requests" });
      }
    }
    expect(statuses).toEqual([404, 410, 429, 500, 503, 200]);
    authority.fault({ match: "managed-identity", status: 500 });
    expect(await (await ask(appService)).json()).toMatchObject({
      statusCode: 500,
      message: expect.any(String),
    });
    expect(authority.requests.map(({ endpoint, status }) => [endpoint, status]).slice(0, 2)).toEqual([
      ["managed-identity", 404],
      ["managed-identity", 410],
    ]);
  });

  const faults: readonly [string, Omit<Fault, "match">, (response: Response) => Promise<void>][] = [
    ["HTML", { body: "<html>proxy error" }, async (it) => expect(await it.text()).toBe("<html>proxy error")],
    [
      "a redirect",
      { status: 302, headers: { Location: "https://attacker.example/" } },
      async (it) =>
        expect([it.status, it.headers.get("location")]).toEqual([302, "https://attacker.example/"]),
    ],
    [
      "no token",
      { rewrite: ({ access_token: _, ...rest }) => rest },
      async (it) => expect(Object.keys((await it.json()) as object)).not.toContain("access_token"),
    ],
    [
      "an odd date",
      { rewrite: (json) => ({ ...json, expires_on: "11/30/2026 1:02:03 PM +00:00" }) },
      async (it) =>
        expect(await it.json()).toMatchObject({
          access_token: expect.stringMatching(/^ey/),
          expires_on: "11/30/2026 1:02:03 PM +00:00",
        }),
    ],
  ];
  it.each(faults)("can be %s", async (_, fault, check) => {
    const handle = authority.fault({ match: "managed-identity", ...fault });
    await check(await ask(imds));
    expect(handle.hits).toBe(1);
    expect((await ask(imds)).status).toBe(200);
  });

  it("can be for one host only", async () => {
    const { host } = new URL(appService.url);
    authority.fault({ match: (request) => request.host === host, status: 503 });
    expect((await ask(imds)).status).toBe(200);
    expect((await ask(appService)).status).toBe(503);
  });

  it("can rewrite a refusal, and not together with a response of its own", async () => {
    authority.fault({ match: "managed-identity", rewrite: () => ({ error: "other" }) });
    const response = await fetch(endpointOf(imds));
    expect([response.status, await response.json()]).toEqual([400, { error: "other" }]);
    for (const fault of [{ rewrite: "x" as never }, { rewrite: () => ({}), status: 500 }]) {
      expect(() => authority.fault({ match: "managed-identity", ...fault })).toThrow(/fault\.rewrite/);
    }
  });

  it("reaches msal-node and ManagedIdentityCredential", async () => {
    authority.fault({ match: "managed-identity", status: 503, times: 2 });
    const app = () => managedIdentity({ system: { disableInternalRetries: true } });
    await expect(inHost(appService, () => app().acquireToken({ resource }))).rejects.toMatchObject({
      errorMessage: expect.stringContaining("This is a simulated fault"),
    });
    const credential = () => new ManagedIdentityCredential({ retryOptions: { maxRetries: 0 } });
    await expect(inHost(appService, () => credential().getToken(resource))).rejects.toThrow(
      "simulated fault",
    );
  });
});

const run = promisify(execFile);

describe("the environment", () => {
  const values = {
    PLAIN: "http://127.0.0.1:1/msi/token",
    SPACE: "/tmp/a folder/ca.pem",
    HASH: "a#b",
    WINDOWS: String.raw`C:\new\tokens`,
    QUOTE: `it's "$HOME"`,
    EMPTY: "",
  };
  const print =
    "process.stdout.write(JSON.stringify(Object.keys(JSON.parse(process.argv[1])).map((n) => process.env[n])))";
  const script = ["-e", print, JSON.stringify(values)];

  it("is understood by a shell as it is meant", async () => {
    const text = environmentText(values, "export");
    expect(text).toContain("export PLAIN=http://127.0.0.1:1/msi/token\n");
    const { stdout } = await run("sh", [
      "-c",
      'eval "$1"; shift; exec "$@"',
      "sh",
      text,
      process.execPath,
      ...script,
    ]);
    expect(JSON.parse(stdout)).toEqual(Object.values(values));
  });

  it("is understood by Node.js as it is meant", async () => {
    const file = join(folder, ".env");
    await writeFile(file, environmentText(values, "env"));
    const { stdout } = await run(process.execPath, [`--env-file=${file}`, ...script]);
    expect(JSON.parse(stdout)).toEqual(Object.values(values));
  });

  it("is JSON", () => {
    expect(JSON.parse(environmentText(values, "json"))).toEqual(values);
  });
});

describe("the command line", () => {
  const cli = resolve("packages/local-authority/dist/cli.js");
  const start = (...args: string[]) => {
    if (!existsSync(cli)) throw new Error(`${cli} is missing: run npm run build`);
    return spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  };

  const rows: readonly [HostName, EnvironmentFormat, RegExp][] = [
    ["imds", "export", /^export AZURE_POD_IDENTITY_AUTHORITY_HOST=http:\/\/127\.0\.0\.1:\d+\n$/],
    ["app-service", "env", /^IDENTITY_ENDPOINT=http:\S+\/msi\/token\nIDENTITY_HEADER=[\w-]{43}\n$/],
    ["aks", "json", /^\{\n {2}"AZURE_AUTHORITY_HOST": "https:[^}]*"NODE_EXTRA_CA_CERTS": "[^}]*\}\n$/],
  ];
  it("emulates a host and prints its environment, and how to go on apart from it", async () => {
    const emulated = rows.map(async ([name, format, pattern]) => {
      const child = start("--emulate", name, "--format", format);
      const printed: Record<"stdout" | "stderr", string> = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"] as const) {
        child[stream].on("data", (chunk: Buffer) => (printed[stream] += chunk.toString()));
      }
      while (!printed.stderr.includes("Ctrl+C")) await once(child.stderr, "data");
      child.kill("SIGTERM");
      expect(await once(child, "close")).toEqual([0, null]);
      expect(printed.stdout).toMatch(pattern);
      expect(printed.stderr).toMatch(/system-assigned identity, client ID c0c0c0c0/);
    });
    await Promise.all(emulated);
  });

  it("refuses what it does not know", async () => {
    const refused: readonly [readonly string[], RegExp, number][] = [
      [["--emulate", "vm"], /emulate is "vm": use one of imds, app-service/, 1],
      [["--emulate", "imds", "--format", "yaml"], /--format "yaml".*export, env, json/, 2],
      [["--format", "json"], /--format needs --emulate/, 2],
    ];
    await Promise.all(
      refused.map(async ([args, text, code]) => {
        const child = start(...args);
        let output = "";
        child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
        expect(await once(child, "close")).toEqual([code, null]);
        expect(output).toMatch(text);
      }),
    );
  });

  it("lets an app run as in a cluster: DefaultAzureCredential needs nothing but the environment", async () => {
    const child = start("--emulate", "aks", "--format", "json");
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const app = `import { DefaultAzureCredential } from "@azure/identity";
      const { token } = await new DefaultAzureCredential().getToken("https://vault.azure.net/.default");
      console.log(Buffer.from(token.split(".")[1], "base64url").toString());`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", app], {
      env: { PATH: process.env["PATH"], ...JSON.parse(text.toString()) },
    });
    expect(JSON.parse(stdout)).toMatchObject({ aud: resource, oid: "c0c0c0c0-0000-4000-8000-0000000000d2" });
    child.kill("SIGTERM");
    await once(child, "close");
  });
});
