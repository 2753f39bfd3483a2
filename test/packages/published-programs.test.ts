// Published programs on @azure/msal-node, unmodified, with @tessera/node in its place: each gets its tokens.
// What none of them can tell is where it is: to them, the local authority is Entra.
import { fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
  type User,
} from "@tessera/local-authority";
import { ConfidentialClientApplication, PublicClientApplication } from "@tessera/node";
import { decodeJwt } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { startCloudProxy, type CloudProxy } from "../support/cloud-proxy.js";
import { signInOnDevice } from "../support/device-sign-in.js";
import { interactiveUser } from "../support/interactive-user.js";
import { signIn } from "../support/sign-in.js";
import { installed } from "./installed-programs.js";
import { assertBuilt } from "./workspace.js";

const graph = "https://graph.microsoft.com";
const own = makeCertificate({ subject: "orders" });
const local = makeCertificate({ subject: "localhost", dnsNames: ["localhost"], keyType: "ec" });
const clientId = "0cde0000-0000-4000-8000-000000000001";
const redirectUri = "http://localhost:3000/auth/callback";
const folder = mkdtempSync(join(tmpdir(), "tessera-programs-"));
const ca = join(folder, "ca.pem");

let programs: string;
let authority: LocalAuthority;
let proxy: CloudProxy;
let machine: Server;
let user: User;
let world: Readonly<Record<string, unknown>>;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  assertBuilt();
  programs = installed();
  const app = {
    clientId,
    clientSecret: "orders-secret",
    identifierUri: "api://orders",
    redirectUris: [redirectUri],
  };
  authority = await startLocalAuthority({
    caFile: ca,
    hosts: ["login.microsoftonline.com:443"],
    tenants: [{ domain: "contoso.example", apps: [{ ...app, certificates: [own.certificatePem] }] }],
  });
  proxy = await startCloudProxy("login.microsoftonline.com:443", Number(new URL(authority.url).port));
  const [tenant] = authority.config.tenants as [Tenant];
  const [, desktop] = tenant.apps as [App, App];
  [user] = tenant.users as [User];
  const pod = await authority.emulate("aks", { clientId });
  const host = await authority.emulate("app-service");
  const file = pod.environment["AZURE_FEDERATED_TOKEN_FILE"] ?? "";
  const browser = interactiveUser({ ...user, ca: authority.caPem });

  // An API that says what it was called with, the pipeline that gives tokens, and the browser that is opened.
  machine = createServer({ key: local.privateKeyPem, cert: local.certificatePem }, (request, response) => {
    void (async () => {
      const body = Buffer.concat(await request.toArray()).toString();
      if (request.url === "/browser") await browser.openBrowser(body);
      const token = request.headers.authorization?.replace("Bearer ", "");
      const answer = request.url?.startsWith("/pipeline")
        ? { oidcToken: readFileSync(file, "utf8") }
        : { token };
      response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    })();
  }).listen(0, "localhost");
  await once(machine, "listening");
  const here = `https://localhost:${(machine.address() as AddressInfo).port}`;

  const client = new PublicClientApplication({
    auth: { clientId: desktop.clientId, authority: authority.authorityUrl() },
    system: { ca: authority.caPem },
  });
  const scopes = ["api://orders/access"];
  const { accessToken } = await client.acquireTokenByUsernamePassword({ scopes, ...user });
  world = {
    url: authority.url,
    tenantId: tenant.id,
    app: { clientId, clientSecret: app.clientSecret },
    certificate: own.certificatePem + own.privateKeyPem,
    desktop: desktop.clientId,
    user,
    userToken: accessToken,
    redirectUri,
    api: `${here}/api`,
    federated: { clientId, file, token: readFileSync(file, "utf8") },
    managedIdentity: authority.config.managedIdentities.find(({ systemAssigned }) => !systemAssigned)
      ?.clientId,
    scopes: { app: `${graph}/.default`, user: `${graph}/User.Read` },
  };
  appendFileSync(ca, local.certificatePem);
  const script = join(folder, "browser.sh");
  writeFileSync(
    script,
    `#!/bin/sh\nexec curl --silent --insecure --noproxy '*' --data-raw "$1" ${here}/browser\n`,
    {
      mode: 0o755,
    },
  );
  environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    BROWSER: script,
    HTTPS_PROXY: proxy.url,
    NO_PROXY: "localhost,127.0.0.1",
    NODE_EXTRA_CA_CERTS: ca,
    ...host.environment,
    AZURE_TENANT_ID: tenant.id,
    AZURE_CLIENT_ID: clientId,
    AZURE_CLIENT_SECRET: app.clientSecret,
    SYSTEM_OIDCREQUESTURI: `${here}/pipeline`,
    tenantId: tenant.id,
    clientId,
    clientSecret: app.clientSecret,
  };
});
afterAll(async () => {
  machine.close();
  await proxy.close();
  await authority.close();
  rmSync(folder, { recursive: true });
});

/** Runs a script beside the programs, and signs the user in where it asks for that. Returns its messages. */
async function run(script: string, args: readonly string[], more: object = {}): Promise<readonly Message[]> {
  const child = fork(join(programs, script), args, {
    cwd: folder,
    env: { ...environment, WORLD: JSON.stringify({ ...world, ...more }) },
    // Node.js before 24 does not tell its `fetch` of a proxy.
    execArgv: ["--import", pathToFileURL(join(programs, "proxied-fetch.mjs")).href],
    timeout: 60_000,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const messages: Message[] = [];
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => printed.push(String(data)));
  child.on("message", (message: Message) => {
    messages.push(message);
    const [, page, userCode] = /page (\S+) and enter the code (\S+)/.exec(message.message ?? "") ?? [];
    if (!page || !userCode) return;
    signInOnDevice(page, userCode, { ...user, ca: authority.caPem }).catch((error: unknown) => {
      printed.push(String(error));
      child.kill();
    });
  });
  const [code] = (await once(child, "close")) as [number];
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${printed.join("")}`);
  return messages;
}

interface Message {
  readonly message?: string;
  readonly name?: string;
  readonly result?: string;
  readonly tokens?: readonly string[];
}

const asApp = { idtyp: "app", azp: clientId };
const asUser = { preferred_username: expect.stringContaining("alice") };

test.each<[string, readonly object[]]>([
  ["@pnp/nodejs", [asApp]],
  ["botframework-connector", [asApp]],
  ["@microsoft/agents-hosting", [asApp]],
  ["@microsoft/teams.apps", [asApp, asApp]],
  ["tedious", [asApp]],
])("%s gets its tokens", async (name, expected) => {
  const { tokens = [] } = (await run("programs.mjs", [name])).at(-1) ?? {};
  expect(tokens.map((token) => decodeJwt(token))).toMatchObject(expected);
});

describe.each(["identity.mjs", "identity.cjs"])("%s", (script) => {
  test("every credential of @azure/identity that needs no cloud gets a token", async () => {
    const auth = { clientId, clientSecret: "orders-secret", authority: authority.authorityUrl() };
    const app = new ConfidentialClientApplication({ auth, system: { ca: authority.caPem } });
    const url = await app.getAuthCodeUrl({ scopes: [`${graph}/User.Read`], redirectUri });
    const code = (await signIn(url, { ...user, ca: authority.caPem })).searchParams.get("code");
    const results = await run(script, [], { code });
    const claims = results
      .filter(({ name }) => name)
      .map(({ name, result = "" }) => [name, result.startsWith("ey") ? decodeJwt(result) : result]);
    const identity = { idtyp: "app", xms_mirid: expect.any(String) };
    expect(Object.fromEntries(claims)).toMatchObject({
      ClientSecret: asApp,
      ClientCertificate: { ...asApp, azpacr: "2" },
      ClientAssertion: { ...asApp, azpacr: "2" },
      OnBehalfOf: asUser,
      AuthorizationCode: asUser,
      UsernamePassword: asUser,
      DeviceCode: asUser,
      InteractiveBrowser: asUser,
      WorkloadIdentity: { ...asApp, azpacr: "2" },
      AzurePipelines: { ...asApp, azpacr: "2" },
      Environment: asApp,
      ManagedIdentity: identity,
      "ManagedIdentity of a user": identity,
      DefaultAzure: asApp,
      ChainedToken: asApp,
    });
  });
});
