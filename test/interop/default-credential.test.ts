// createDefaultCredential beside DefaultAzureCredential of @azure/identity, in the same environment with the same tools.
// proves: node/src/default-credential/sources.ts, node/src/default-credential/command-line/azure-cli.ts,
// node/src/default-credential/command-line/azure-developer-cli.ts
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AzureCliCredential, AzureDeveloperCliCredential, DefaultAzureCredential } from "@azure/identity";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createDefaultCredential } from "@tessera/node";
import { eventually } from "../support/eventually.js";
import { azdToken, azToken, createFakeTools, type FakeTools } from "../support/fake-tools.js";

const scopes = ["https://vault.azure.net/.default"];
const inAnHour = Math.floor(Date.now() / 1000) * 1000 + 3_600_000;
let tools: FakeTools;
let environment: NodeJS.ProcessEnv;
let host: Server;

beforeAll(async () => {
  tools = createFakeTools();
  const answer = {
    access_token: "of-the-host",
    expires_on: inAnHour / 1000,
    resource: "r",
    token_type: "Bearer",
  };
  host = createServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  host.listen(0, "127.0.0.1");
  await once(host, "listening");
});
afterAll(() => {
  host.close();
  tools.close();
});
beforeEach(() => {
  tools.freshFolders();
  environment = { ...process.env };
  tools.answer("az", azToken("of-az", inAnHour));
  tools.answer("azd", azdToken("of-azd", inAnHour));
});
afterEach(() => {
  process.env = environment;
});

interface Credential {
  getToken(scopes: string | string[], options?: object): Promise<{ token: string } | null>;
}

/** The token of a credential, or how it fails: at once, because nobody is there, or because it is refused. */
async function outcomeOf(create: () => Credential): Promise<string> {
  let credential: Credential;
  try {
    credential = create();
  } catch {
    return "not created";
  }
  try {
    return (await credential.getToken(scopes))?.token ?? "nothing";
  } catch (error) {
    const { name, errorCode } = error as { name: string; errorCode?: string };
    return ["AggregateAuthenticationError", "CredentialUnavailableError"].includes(name) ||
      errorCode === "credential_unavailable"
      ? "unavailable"
      : "refused";
  }
}

test("a caller that leaves a tool which hangs is let go, where the peer waits for the tool", async () => {
  process.env["AZURE_TOKEN_CREDENTIALS"] = "AzureCliCredential";
  const release = tools.path("release");
  const before = `while [ ! -e ${release} ]; do /bin/sleep 0.05; done`;
  tools.answer("az", { ...azToken("of-az", inAnHour), before });
  const controller = new AbortController();
  const options = { abortSignal: controller.signal };
  const theirs = new DefaultAzureCredential().getToken(scopes, options);
  const ours = createDefaultCredential().getToken(scopes, options);
  await eventually(() => tools.runs("az").length === 2);
  controller.abort();
  await expect(ours).rejects.toMatchObject({ errorCode: "request_aborted" });
  writeFileSync(release, "");
  await expect(theirs).resolves.toMatchObject({ token: "of-az" });
});

describe("AZURE_TOKEN_CREDENTIALS", () => {
  test.each([
    ["", "of-the-host"],
    ["  ", "of-the-host"],
    ["prod", "of-the-host"],
    [" PROD\t", "of-the-host"],
    ["dev", "of-az"],
    ["Dev", "of-az"],
    ["EnvironmentCredential", "unavailable"],
    ["WorkloadIdentityCredential", "unavailable"],
    ["ManagedIdentityCredential", "of-the-host"],
    ["managedidentitycredential ", "of-the-host"],
    ["VisualStudioCodeCredential", "unavailable"],
    ["AzureCliCredential", "of-az"],
    ["azurePOWERSHELLcredential", "unavailable"],
    ["AzureDeveloperCliCredential", "of-azd"],
    ["BrokerCredential", "not created"],
    ["AzureCli", "not created"],
    ["prod,dev", "not created"],
    ["test", "not created"],
  ])("%j gives both %s", async (value, outcome) => {
    const { port } = host.address() as AddressInfo;
    Object.assign(process.env, {
      AZURE_TOKEN_CREDENTIALS: value,
      IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`,
      IDENTITY_HEADER: "secret",
    });
    expect(await outcomeOf(() => new DefaultAzureCredential())).toBe(outcome);
    expect(await outcomeOf(() => createDefaultCredential())).toBe(outcome);
  });

  test("a value that is not known is shown with the known ones", () => {
    process.env["AZURE_TOKEN_CREDENTIALS"] = "test";
    const names = /prod.*dev.*EnvironmentCredential, .*, AzureDeveloperCliCredential/s;
    expect(() => createDefaultCredential()).toThrow(names);
    expect(() => createDefaultCredential()).toThrow('AZURE_TOKEN_CREDENTIALS is "test"');
  });
});

describe.each([
  ["az", "AzureCliCredential", () => new AzureCliCredential()],
  ["azd", "AzureDeveloperCliCredential", () => new AzureDeveloperCliCredential()],
] as const)("%s", (tool, name, peer) => {
  const own = () => {
    process.env["AZURE_TOKEN_CREDENTIALS"] = name;
    return createDefaultCredential();
  };

  test.each<[string, { tenantId?: string; claims?: string }]>([
    ["alone", {}],
    ["in a tenant", { tenantId: "contoso.example" }],
    ...(tool === "azd" ? [["with claims", { claims: '{"access_token":{}}' }] as [string, object]] : []),
  ])("gets the same arguments and gives the same token: %s", async (_, options) => {
    const theirs = await peer().getToken(scopes, options);
    const ours = await own().getToken(scopes, options);
    const [first, second, ...others] = tools.runs(tool);
    expect(second).toEqual(first);
    expect(others).toEqual([]);
    expect(ours).toEqual({ ...theirs, tokenType: "Bearer" });
  });

  test("is started once by Tessera for two calls, and twice by the peer", async () => {
    const theirs = peer();
    await theirs.getToken(scopes);
    await theirs.getToken(scopes);
    const ours = own();
    await ours.getToken(scopes);
    await ours.getToken(scopes);
    expect(tools.runs(tool)).toHaveLength(3);
  });

  test.each([
    ["https://vault.azure.net/.default; id", {}],
    ["$(id)", {}],
    ["https://vault.azure.net/.default", { tenantId: "a b" }],
  ])("is not started by either for %j, %j", async (scope, options) => {
    await expect(peer().getToken(scope, options)).rejects.toThrow(/Invalid/);
    await expect(own().getToken(scope, options)).rejects.toMatchObject({ errorCode: "invalid_option" });
    expect(tools.runs(tool)).toEqual([]);
  });

  const notSignedIn = { az: "Please run 'az login'", azd: "not logged in, run `azd auth login` to login" }[
    tool
  ];
  test.each<[string, string, () => void]>([
    ["not installed", "unavailable", () => tools.uninstall(tool)],
    ["not signed in", "unavailable", () => tools.answer(tool, { exitCode: 1, errors: notSignedIn })],
    // The peer goes on to the next source.
    ["refused", "refused", () => tools.answer(tool, { exitCode: 1, errors: "ERROR: AADSTS50020" })],
  ])("%s is unavailable to the peer, and to Tessera: %s", async (_, outcome, prepare) => {
    prepare();
    expect(await outcomeOf(peer)).toBe("unavailable");
    expect(await outcomeOf(own)).toBe(outcome);
  });
});

test("a user of az who is refused is replaced by the user of azd in the peer only", async () => {
  process.env["AZURE_TOKEN_CREDENTIALS"] = "dev";
  tools.answer("az", { exitCode: 1, errors: "ERROR: AADSTS50020: not in this tenant" });
  expect(await outcomeOf(() => new DefaultAzureCredential())).toBe("of-azd");
  expect(await outcomeOf(() => createDefaultCredential())).toBe("refused");
  expect(tools.runs("azd")).toHaveLength(1);
});
