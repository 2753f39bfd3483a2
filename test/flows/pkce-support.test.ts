// Whether a user is sent to a provider that does not announce PKCE.
// proves: core/src/flows/pkce-support.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { LogLevel, PublicClientApplication } from "@tessera/node";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

let fake: FakeProvider;
beforeAll(async () => {
  fake = await startFakeProvider();
});
afterAll(() => fake.close());
afterEach(() => fake.reset());

const request = {
  scopes: ["api:read"],
  redirectUri: "http://localhost/signed-in",
  resource: "https://api.example.org/",
};
const warnings: string[] = [];
const loggerOptions = {
  logLevel: LogLevel.Warning,
  loggerCallback: (_level: LogLevel, line: string) => void warnings.push(line),
};
const application = (isMcp: boolean) => {
  warnings.length = 0;
  return fake.publicClient({ auth: { isMcp }, system: { loggerOptions } });
};
const announcing = (methods: unknown) => {
  fake.answers.discovery = () => ({ body: fake.metadata({ code_challenge_methods_supported: methods }) });
};

describe.each([
  { title: "names no method", methods: undefined, warns: false, says: "is missing" },
  { title: "lists none", methods: [], warns: true, says: 'lists only ""' },
  { title: "lists only plain", methods: ["plain"], warns: true, says: 'lists only "plain"' },
  { title: "names S256 outside of a list", methods: "S256", warns: false, says: "is missing" },
])("a document that $title", ({ methods, warns, says }) => {
  it("is refused by a client of the Model Context Protocol, before a user is sent there", async () => {
    announcing(methods);
    const app = application(true);
    const refusal = { errorCode: "openid_config_error", message: expect.stringContaining(says) };
    await expect(app.getAuthCodeUrl(request)).rejects.toMatchObject(refusal);
    await expect(app.initiateAuthCodeFlow(request)).rejects.toMatchObject(refusal);
    const openBrowser = () => Promise.reject(new Error("opened"));
    const interactive = app.acquireTokenInteractive({
      ...request,
      redirectUri: undefined,
      openBrowser,
    });
    await expect(interactive).rejects.toMatchObject(refusal);
  });

  it(`is used by any other client, ${warns ? "with a warning" : "without a word"}`, async () => {
    announcing(methods);
    const { authUrl } = await application(false).initiateAuthCodeFlow(request);
    expect(new URL(authUrl).searchParams.get("code_challenge_method")).toBe("S256");
    expect(warnings).toHaveLength(warns ? 1 : 0);
    if (warns) expect(warnings[0]).toContain(says);
  });
});

it("a provider that announces S256 is used by all of them", async () => {
  announcing(["plain", "S256"]);
  for (const isMcp of [true, false]) {
    const { authUrl } = await application(isMcp).initiateAuthCodeFlow(request);
    expect(new URL(authUrl).searchParams.get("code_challenge_method")).toBe("S256");
    expect(warnings).toEqual([]);
  }
});

it("Entra, whose documents name no method, is known to support S256", async () => {
  const auth = { clientId: "30000000-0000-4000-8000-00000000ca11", isMcp: true };
  const url = await new PublicClientApplication({ auth }).getAuthCodeUrl(request);
  expect(new URL(url).host).toBe("login.microsoftonline.com");
});
