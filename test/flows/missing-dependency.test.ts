// What few apps need is an optional dependency: where it is missing, the error names it.
import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { Configuration } from "@tessera/node";
import { startEntra, type Entra } from "../support/entra.js";
import { azToken, createFakeTools } from "../support/fake-tools.js";

const missing = (name: string) => (): never => {
  throw new Error(`Cannot find package '${name}'`);
};
jest.unstable_mockModule("fast-xml-parser", missing("fast-xml-parser"));
jest.unstable_mockModule("open", missing("open"));
jest.unstable_mockModule("@tessera/persistence", missing("@tessera/persistence"));

const scopes = ["https://graph.microsoft.com/User.Read"];
const federated = { username: "grace@partner.example", password: "grace-password" };

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    tenants: [{ domain: "contoso.example", federation: { domain: "partner.example", users: [federated] } }],
  });
});
afterAll(() => entra.close());

async function publicClient(configuration: Configuration) {
  const { PublicClientApplication } = await import("@tessera/node");
  return new PublicClientApplication(configuration);
}

test("a federated user's password needs fast-xml-parser", async () => {
  const app = await publicClient(entra.configuration("public"));
  await expect(app.acquireTokenByUsernamePassword({ scopes, ...federated })).rejects.toMatchObject({
    name: "ClientConfigurationError",
    errorCode: "missing_dependency",
    errorMessage: expect.stringContaining("npm install fast-xml-parser"),
  });
});

test("the system's Kerberos ticket needs koffi", async () => {
  const app = await publicClient(entra.configuration("public"));
  const { getBuiltinModule } = process;
  // A native module is not imported, but required from where the package is installed.
  process.getBuiltinModule = (name: string) =>
    name === "node:module" ? { createRequire: () => missing("koffi") } : getBuiltinModule(name);
  try {
    await expect(app.acquireTokenByIntegratedWindowsAuth({ scopes })).rejects.toMatchObject({
      name: "ClientConfigurationError",
      errorCode: "missing_dependency",
      errorMessage: expect.stringContaining("npm install koffi"),
    });
  } finally {
    process.getBuiltinModule = getBuiltinModule;
  }
});

test("a user of the tenant needs nothing more", async () => {
  const app = await publicClient(entra.configuration("public"));
  const alice = { username: "alice@contoso.example", password: "alice-password" };
  expect((await app.acquireTokenByUsernamePassword({ scopes, ...alice })).account?.username).toBe(
    alice.username,
  );
});

test("a sign-in kept by another app needs @tessera/persistence, and the next source does not", async () => {
  const { createDefaultCredential } = await import("@tessera/node");
  const tools = createFakeTools();
  try {
    process.env["AZURE_TOKEN_CREDENTIALS"] = "dev";
    const credential = createDefaultCredential({ developerCache: "contoso-cli" });
    await expect(credential.getToken(scopes)).rejects.toMatchObject({
      errorCode: "credential_unavailable",
      errorMessage: expect.stringContaining("npm install --save-dev @tessera/persistence"),
    });
    tools.answer("az", azToken("of-az", Date.now() + 3_600_000));
    expect((await credential.getToken(scopes)).token).toBe("of-az");
  } finally {
    tools.close();
  }
});

describe("where a browser could be opened", () => {
  const variables = ["CI", "SSH_CONNECTION", "SSH_TTY", "DISPLAY"];
  const before = { ...process.env };
  beforeAll(() => {
    for (const name of variables) Reflect.deleteProperty(process.env, name);
    process.env["DISPLAY"] = ":99";
  });
  afterAll(() => {
    for (const name of variables) {
      if (before[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[name];
    }
  });
  const needsOpen = {
    errorCode: "missing_dependency",
    errorMessage: expect.stringContaining("npm install open"),
  };

  test("opening the system's needs open, or openBrowser", async () => {
    const app = await publicClient(entra.configuration("public"));
    await expect(app.acquireTokenInteractive({ scopes })).rejects.toMatchObject(needsOpen);
    await expect(app.acquireToken({ scopes })).rejects.toMatchObject(needsOpen);
  });

  test("the one call asks with a device code where open is missing", async () => {
    const app = await publicClient(entra.configuration("public"));
    const asked = new AbortController();
    const onDeviceCode = jest.fn(() => {
      asked.abort();
    });
    await expect(app.acquireToken({ scopes, onDeviceCode, signal: asked.signal })).rejects.toMatchObject({
      errorCode: "request_aborted",
    });
    expect(onDeviceCode.mock.calls).toEqual([[expect.objectContaining({ userCode: expect.any(String) })]]);
  });
});
