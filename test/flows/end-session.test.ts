// RP-initiated sign-out (OpenID Connect RP-Initiated Logout 1.0 §2), at three providers.
// proves: core/src/endpoints/end-session.ts, node/src/endpoints-application.ts
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { createBrowser } from "../support/browser.js";
import { accountOf, startEntra, type Entra } from "../support/entra.js";
import { startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { interactiveUser } from "../support/interactive-user.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = { username: "alice@contoso.example", password: "alice-password" };

describe("at the local authority", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());

  test("the URL names the client, and what the caller and the account say", async () => {
    const app = entra.publicClient();
    const { openBrowser } = interactiveUser({ ...alice, ca: entra.authority.caPem });
    const result = await app.acquireTokenInteractive({ scopes, openBrowser });
    const account = accountOf(result);
    const url = new URL(
      await app.buildEndSessionUrl({
        account,
        postLogoutRedirectUri: "http://localhost/bye?a=1&b=2",
        state: "x y&z",
        extraQueryParameters: { ui_locales: "de", client_id: "another" },
      }),
    );
    expect(`${url.origin}${url.pathname}`).toBe(
      `${entra.authority.url}/${entra.tenantId}/oauth2/v2.0/logout`,
    );
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: entra.configuration("public").auth.clientId,
      id_token_hint: result.idToken,
      logout_hint: account.loginHint,
      post_logout_redirect_uri: "http://localhost/bye?a=1&b=2",
      state: "x y&z",
      ui_locales: "de",
    });
    // What the app keeps is another matter.
    expect(await app.getAllAccounts()).toHaveLength(1);
  });

  test("the browser ends the session there, and comes back with the state", async () => {
    const app = entra.publicClient();
    const browser = createBrowser({ ca: entra.authority.caPem });
    const url = await app.buildEndSessionUrl({ postLogoutRedirectUri: "http://localhost:9/bye", state: "s" });
    const page = await browser.open(url, (at) => at.startsWith("http://localhost:9/"));
    expect(page.left).toBe(true);
    expect(new URL(page.url).searchParams.get("state")).toBe("s");
  });

  test.each([
    ["nothing", {}, {}],
    ["an ID token of its own", { idTokenHint: "a.b.c" }, { id_token_hint: "a.b.c" }],
    ["a hint of its own", { logoutHint: "alice" }, { logout_hint: "alice" }],
  ])("%s in the request", async (_, request, expected) => {
    const url = new URL(await entra.confidential().buildEndSessionUrl(request));
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: entra.configuration("confidential").auth.clientId,
      ...expected,
    });
  });

  test.each(["", "/bye", "not a url", "https://app.example/bye#fragment"])(
    "postLogoutRedirectUri %p is refused by name",
    async (postLogoutRedirectUri) => {
      await expect(entra.publicClient().buildEndSessionUrl({ postLogoutRedirectUri })).rejects.toMatchObject({
        name: "ClientConfigurationError",
        errorMessage: expect.stringContaining("postLogoutRedirectUri"),
      });
    },
  );

  test("in MCP mode no resource is asked for", async () => {
    const app = entra.publicClient({ auth: { isMcp: true } });
    expect(await app.buildEndSessionUrl()).toContain("/logout?client_id=");
  });

  test("ends by signal", async () => {
    const result = entra.publicClient().buildEndSessionUrl({ signal: AbortSignal.abort() });
    await expect(result).rejects.toMatchObject({ errorCode: "request_aborted" });
  });
});

describe("at oidc-provider", () => {
  let provider: OpenIdProvider;
  beforeAll(async () => {
    provider = await startOpenIdProvider();
  });
  afterAll(() => provider.close());

  test("the provider accepts the URL, and sends the browser back with the state", async () => {
    const app = new PublicClientApplication({
      auth: { clientId: provider.clients.publicClient.clientId, oidcAuthority: provider.url },
      system: { proxy: false },
    });
    const url = await app.buildEndSessionUrl({
      postLogoutRedirectUri: "http://localhost/signed-out",
      state: "s",
    });
    const browser = createBrowser();
    const page = await browser.open(url);
    expect(page.status).toBe(200);
    const [form] = page.forms;
    if (!form) throw new Error(page.text);
    // Its script sends the form on; without a session there is nothing to ask.
    const left = await browser.submit(form, {}, (at) => at.startsWith("http://localhost/signed-out"));
    expect(left.url).toBe("http://localhost/signed-out?state=s");
  });
});

describe("at a provider", () => {
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());

  test("without end_session_endpoint the error says so", async () => {
    await expect(provider.publicClient().buildEndSessionUrl()).rejects.toMatchObject({
      name: "ClientAuthError",
      errorCode: "end_session_endpoint_not_supported",
    });
  });

  test("whose endpoint has a query already, it is kept", async () => {
    provider.answers.discovery = () => ({
      body: provider.metadata({ end_session_endpoint: `${provider.url}/end?p=policy` }),
    });
    const url = await provider.publicClient().buildEndSessionUrl();
    expect(url).toBe(`${provider.url}/end?p=policy&client_id=the-client`);
  });

  test("whose endpoint is not https, the ID token is not sent there", async () => {
    provider.answers.discovery = () => ({
      body: provider.metadata({ end_session_endpoint: "http://provider.example/end" }),
    });
    const result = provider.publicClient().buildEndSessionUrl({ idTokenHint: "a.b.c" });
    await expect(result).rejects.toMatchObject({ errorCode: expect.any(String) });
  });
});
