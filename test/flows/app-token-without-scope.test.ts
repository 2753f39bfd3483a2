// An app-only token without a scope: an OpenID Provider decides what it grants (Keycloak, Auth0, Cognito, PayPal).
// proves: core/src/flows/client-credentials.ts, core/src/cache/memory/answers.ts
import { describe, expect, it } from "@jest/globals";
import { documents, wildProvider, type Quirks } from "../support/wild-provider.js";

const quirks: Quirks = { document: documents.okta, method: "client_secret_basic" };

describe.each<[string, Quirks["answer"]]>([
  ["says what it grants", (good) => ({ ...good, scope: good["scope"] ?? "email profile" })],
  [
    "grants openid and profile of its own accord",
    (good) => ({ ...good, scope: good["scope"] ?? "openid profile" }),
  ],
  ["says nothing", (good) => good],
  ["says nothing, and no lifetime", ({ access_token }) => ({ access_token })],
])("a server that %s", (_, answer) => {
  const started = () => {
    const provider = wildProvider({ ...quirks, ...(answer ? { answer } : {}) });
    return { provider, app: provider.confidential() };
  };

  it.each([[undefined], [[]], [[" "]]])("is asked without scope for %j, once", async (scopes) => {
    const { provider, app } = started();
    const request = scopes === undefined ? {} : { scopes };
    const first = await app.acquireTokenByClientCredential(request);
    expect(await app.acquireTokenByClientCredential(request)).toMatchObject({
      fromCache: true,
      accessToken: first.accessToken,
      scopes: first.scopes,
    });
    expect(provider.tokenRequests().map(({ form }) => form)).toEqual([{ grant_type: "client_credentials" }]);
  });

  it("has its token found again after a restart, and renewed in place", async () => {
    const { provider, app } = started();
    await app.acquireTokenByClientCredential({});
    const restarted = provider.confidential();
    restarted.getTokenCache().deserialize(app.getTokenCache().serialize());
    expect((await restarted.acquireTokenByClientCredential({})).fromCache).toBe(true);
    provider.clock.advance(4000);
    const renewed = await restarted.acquireTokenByClientCredential({});
    expect((await restarted.acquireTokenByClientCredential({})).accessToken).toBe(renewed.accessToken);
    expect(Object.keys(JSON.parse(restarted.getTokenCache().serialize()).AccessToken)).toHaveLength(1);
  });

  it.each([[["openid"]], [["openid", "profile"]], [["api:read"]]])(
    "gives %j as asked, which no request without scope is answered with",
    async (scopes) => {
      const { provider, app } = started();
      const scoped = await app.acquireTokenByClientCredential({ scopes });
      expect((await app.acquireTokenByClientCredential({ scopes })).fromCache).toBe(true);
      const unscoped = await app.acquireTokenByClientCredential({});
      expect(unscoped).toMatchObject({ fromCache: false });
      expect(provider.tokenRequests().map(({ form }) => form["scope"])).toEqual([
        scopes.join(" "),
        undefined,
      ]);
      expect((await app.acquireTokenByClientCredential({})).accessToken).toBe(unscoped.accessToken);
      expect(scoped.accessToken).not.toBe(unscoped.accessToken);
    },
  );
});

it.each([[undefined], [[]], [["openid"]]])("Entra needs a scope: %j is refused", async (scopes) => {
  const auth = { oidcAuthority: undefined, authority: "https://login.microsoftonline.com/contoso.example" };
  const app = wildProvider(quirks).confidential(auth);
  await expect(app.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
    errorCode: "empty_input_scopes_error",
  });
});
