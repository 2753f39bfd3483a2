// The user who is signed in to the Azure CLI or the Azure Developer CLI: one process for each token, until the account changes.
// proves: node/src/default-credential/command-line/command-line-source.ts,
// node/src/default-credential/command-line/command-line.ts, node/src/default-credential/command-line/kept-tokens.ts,
// node/src/default-credential/command-line/account-watch.ts, node/src/default-credential/command-line/run-program.ts,
// node/src/default-credential/command-line/azure-cli.ts, node/src/default-credential/command-line/azure-developer-cli.ts,
// node/src/default-credential/command-line/checked-arguments.ts, node/src/default-credential/command-line/home-folder.ts, node/src/default-credential/tenants.ts
import { once } from "node:events";
import { existsSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createAuthenticatedFetch,
  createDefaultCredential,
  type DefaultCredentialOptions,
} from "@tessera/node";
import { eventually } from "../support/eventually.js";
import { azdToken, azToken, createFakeTools, type FakeTools } from "../support/fake-tools.js";
import { createTestClock } from "../support/test-clock.js";

const scopes = ["https://vault.azure.net/.default"];
const clock = createTestClock();
let tools: FakeTools;

beforeAll(() => {
  tools = createFakeTools();
});
afterAll(() => tools.close());
beforeEach(() => tools.freshFolders());

function credentialOf(tool: "az" | "azd", options: DefaultCredentialOptions = {}) {
  process.env["AZURE_TOKEN_CREDENTIALS"] =
    tool === "az" ? "AzureCliCredential" : "AzureDeveloperCliCredential";
  return createDefaultCredential({ system: { clock }, ...options });
}

const inAnHour = (): number => Math.floor(clock.now() / 1000) * 1000 + 3_600_000;
const TOKENS = { az: azToken, azd: azdToken };

describe.each(["az", "azd"] as const)("%s", (tool) => {
  const runs = (): number => tools.runs(tool).length;
  const token = TOKENS[tool];

  test("is started once for a token, also for a hundred concurrent callers", async () => {
    const expiresOn = inAnHour();
    tools.answer(tool, token("first", expiresOn));
    const credential = credentialOf(tool);
    const results = await Promise.all(Array.from({ length: 100 }, () => credential.acquireToken({ scopes })));
    expect(new Set(results.map(({ accessToken }) => accessToken))).toEqual(new Set(["first"]));
    expect(await credential.getToken(scopes)).toMatchObject({
      token: "first",
      expiresOnTimestamp: expiresOn,
    });
    expect(runs()).toBe(1);
    // Another credential object of the process shares the token.
    expect(await credentialOf(tool).acquireToken({ scopes })).toMatchObject({ fromCache: true });
    expect(runs()).toBe(1);
  });

  test("is started again for another API, another tenant, and shortly before the token expires", async () => {
    tools.answer(tool, token("first", inAnHour()));
    const credential = credentialOf(tool);
    await credential.acquireToken({ scopes });
    await credential.acquireToken({ scopes: ["https://graph.microsoft.com/.default"] });
    await credential.acquireToken({ scopes, tenantId: "contoso.example" });
    expect(runs()).toBe(3);
    clock.advance(3600 - 301);
    await credential.acquireToken({ scopes });
    expect(runs()).toBe(3);
    clock.advance(2);
    tools.answer(tool, token("second", inAnHour()));
    expect(await credential.acquireToken({ scopes })).toMatchObject({
      accessToken: "second",
      fromCache: false,
    });
    expect(runs()).toBe(4);
  });

  const accountFile = { az: "azureProfile.json", azd: "auth.json" }[tool];
  /** What the tool writes when it renews a token. */
  const otherFiles = {
    az: [
      "msal_token_cache.json",
      "msal_token_cache.bin",
      "msal_http_cache.bin",
      "service_principal_entries.json",
    ],
    azd: ["auth.json.lock", "auth"],
  }[tool];

  test("is asked again after another account has signed in there", async () => {
    tools.answer(tool, token("of alice", inAnHour()));
    const credential = credentialOf(tool);
    const current = async (): Promise<string> => (await credential.acquireToken({ scopes })).accessToken;
    expect(await current()).toBe("of alice");
    tools.answer(tool, token("of bob", inAnHour()));
    expect(await current()).toBe("of alice");

    for (const file of otherFiles) await written(join(tools.folder(tool), file));
    expect(await current()).toBe("of alice");
    replace(join(tools.folder(tool), accountFile), "{}");
    await until(async () => (await current()) === "of bob");
    expect(runs()).toBe(2);
  });

  test("does not keep the program alive", async () => {
    tools.answer(tool, token("first", inAnHour()));
    const active = (): number =>
      process.getActiveResourcesInfo().filter((kind) => /FSEvent|Process|Pipe|Timeout/.test(kind)).length;
    const before = active();
    await credentialOf(tool).acquireToken({ scopes });
    await eventually(() => active() <= before);
  });

  test("without a folder that can be watched, is asked each time", async () => {
    tools.answer(tool, token("first", inAnHour()));
    rmSync(tools.folder(tool), { recursive: true });
    const credential = credentialOf(tool);
    await credential.acquireToken({ scopes });
    await credential.acquireToken({ scopes });
    expect(runs()).toBe(2);
  });

  test("that hangs is killed with everything it has started", async () => {
    const pids = tools.path("pids");
    rmSync(pids, { force: true });
    tools.answer(tool, { before: '/bin/sleep 100 & echo "$$ $!" > "${0%/*}/pids"; wait' });
    const limits: number[] = [];
    const sleep = async (milliseconds: number): Promise<void> => {
      limits.push(milliseconds);
      await eventually(() => existsSync(pids) && readFileSync(pids, "utf8").endsWith("\n"));
    };
    const system = { clock: { ...clock, sleep } };
    await expect(credentialOf(tool, { system }).acquireToken({ scopes })).rejects.toMatchObject({
      errorCode: "command_line_error",
      errorMessage: expect.stringContaining(
        "has not answered within 10000 ms and was killed; raise processTimeoutInMs",
      ),
    });
    rmSync(pids);
    await expect(
      credentialOf(tool, { system, processTimeoutInMs: 50 }).acquireToken({ scopes }),
    ).rejects.toThrow("within 50 ms");
    expect(limits).toEqual([10_000, 50]);
    for (const pid of readFileSync(pids, "utf8").trim().split(" "))
      await eventually(() => !isRunning(Number(pid)));
  });

  test("is killed when its last caller leaves, and only then", async () => {
    const pids = tools.path("pids");
    rmSync(pids, { force: true });
    tools.answer(tool, { before: '/bin/sleep 100 & echo "$$ $!" > "${0%/*}/pids"; wait' });
    const credential = credentialOf(tool);
    const [first, second] = [new AbortController(), new AbortController()];
    const one = credential.acquireToken({ scopes, signal: first.signal });
    const other = credential.acquireToken({ scopes, signal: second.signal });
    await eventually(() => existsSync(pids) && readFileSync(pids, "utf8").endsWith("\n"));
    first.abort();
    await expect(one).rejects.toMatchObject({ errorCode: "request_aborted" });
    const [pid = 0] = readFileSync(pids, "utf8").trim().split(" ").map(Number);
    expect(isRunning(pid)).toBe(true);
    second.abort();
    await expect(other).rejects.toMatchObject({ errorCode: "request_aborted" });
    await eventually(() => !isRunning(pid));
    expect(runs()).toBe(1);
  });

  test.each<[string, { scopes: string[]; tenantId?: string }]>([
    ["scopes", { scopes: ["--help"] }],
    ["scopes", { scopes: ["https://vault.azure.net/.default; id"] }],
    ["scopes", { scopes: ["$(id)"] }],
    ["scopes", { scopes: ["a b"] }],
    ["scopes", { scopes: [""] }],
    ["scopes", { scopes: [] }],
    ["tenantId", { scopes, tenantId: "-x" }],
    ["tenantId", { scopes, tenantId: "a&b" }],
    ["tenantId", { scopes, tenantId: "a/b" }],
  ])("is not started for %s of %j", async (field, request) => {
    tools.answer(tool, token("first", inAnHour()));
    await expect(credentialOf(tool).acquireToken(request)).rejects.toMatchObject({
      name: "ClientConfigurationError",
      errorMessage: expect.stringContaining(field),
    });
    expect(runs()).toBe(0);
  });

  test("an API that refuses a token gets another one", async () => {
    tools.answer(tool, token("first", inAnHour()));
    const credential = credentialOf(tool);
    await credential.acquireToken({ scopes });
    tools.answer(tool, token("second", inAnHour()));
    expect(await credential.acquireToken({ scopes, refusedToken: "first" })).toMatchObject({
      accessToken: "second",
    });
  });
});

test("the expiry of old releases of az is local time", async () => {
  const expiresOn = inAnHour();
  const { output = "" } = azToken("first", expiresOn);
  tools.answer("az", { output: output.replace(/"expires_on":\d+,/, "") });
  expect((await credentialOf("az").acquireToken({ scopes })).expiresOn?.getTime()).toBe(expiresOn);
});

test("az cannot satisfy a claims challenge: the error says how to sign in", async () => {
  const claims = '{"access_token":{"nbf":{"essential":true}}}';
  const credential = credentialOf("az");
  const challenge = `Bearer error="insufficient_claims", claims="${btoa(claims)}"`;
  tools.answer("az", azToken("first", inAnHour()));
  const refusing = async (): Promise<Response> =>
    new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  const api = createAuthenticatedFetch(credential, { scopes, fetch: refusing });
  await expect(api("https://vault.azure.net/secrets")).rejects.toMatchObject({
    name: "InteractionRequiredAuthError",
    claims,
    errorMessage: expect.stringContaining(
      `run az login --claims-challenge ${btoa(claims)} --scope ${scopes[0]}`,
    ),
  });
  expect(tools.runs("az")).toHaveLength(1);
});

test("azd gets the claims of a challenge, and its token replaces the cached one", async () => {
  const credential = credentialOf("azd");
  tools.answer("azd", azdToken("first", inAnHour()));
  await credential.acquireToken({ scopes });
  tools.answer("azd", azdToken("second", inAnHour()));
  expect(await credential.acquireToken({ scopes, claims: "{}" })).toMatchObject({ accessToken: "second" });
  expect(tools.runs("azd")[1]).toEqual(expect.arrayContaining(["--claims", btoa("{}")]));
  expect(await credential.acquireToken({ scopes })).toMatchObject({ accessToken: "second", fromCache: true });
});

test("a configured tenant is asked for, and no other one that is not allowed", async () => {
  tools.answer("az", azToken("first", inAnHour()));
  const credential = credentialOf("az", { tenantId: "contoso.example" });
  await credential.acquireToken({ scopes });
  expect(tools.runs("az")[0]?.slice(-2)).toEqual(["--tenant", "contoso.example"]);
  await expect(credential.acquireToken({ scopes, tenantId: "evil.example" })).rejects.toThrow(
    "AZURE_ADDITIONALLY_ALLOWED_TENANTS",
  );
  process.env["AZURE_ADDITIONALLY_ALLOWED_TENANTS"] = "other.example;partner.example";
  await credential.acquireToken({ scopes, tenantId: "partner.example" });
  Reflect.deleteProperty(process.env, "AZURE_ADDITIONALLY_ALLOWED_TENANTS");
  expect(tools.runs("az")).toHaveLength(2);
});

/** Writes a file, and waits until whoever watches its folder has been told. */
async function written(file: string): Promise<void> {
  const watcher = watch(dirname(file));
  const told = once(watcher, "change");
  writeFileSync(file, "{}");
  await told;
  watcher.close();
}

function replace(file: string, content: string): void {
  writeFileSync(`${file}.new`, content);
  renameSync(`${file}.new`, file);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 10_000 && !(await condition()); turn += 1)
    await new Promise((resolve) => setImmediate(resolve));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that nobody waits for stays a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
