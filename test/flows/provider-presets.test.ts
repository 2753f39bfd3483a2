// One line for each well-known provider: plain options of `auth`, with which a user signs in there.
// proves: node/src/providers/presets.ts, core/src/request/request-copy.ts, core/src/flows/username-password.ts
import { describe, expect, it } from "@jest/globals";
import { auth0, cognito, github, google, keycloak, okta, zitadel, type ProviderPreset } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { documents, wildProvider, type Quirks } from "../support/wild-provider.js";

const audience = "https://api.example";

describe("a preset is the options that it returns", () => {
  it.each<[ProviderPreset, ProviderPreset]>([
    [
      auth0({ domain: "contoso.eu.auth0.com" }),
      { oidcAuthority: "https://contoso.eu.auth0.com/", extraParameters: {} },
    ],
    [
      auth0({ domain: "login.contoso.example", audience, organization: "org_1" }),
      {
        oidcAuthority: "https://login.contoso.example/",
        extraParameters: { audience, organization: "org_1" },
      },
    ],
    [
      keycloak({ url: "https://sso.contoso.example/auth/", realm: "Our Staff" }),
      { oidcAuthority: "https://sso.contoso.example/auth/realms/Our%20Staff" },
    ],
    [okta({ domain: "contoso.okta.com" }), { oidcAuthority: "https://contoso.okta.com" }],
    [
      okta({ domain: "contoso.okta.com", server: "default" }),
      { oidcAuthority: "https://contoso.okta.com/oauth2/default" },
    ],
    [
      google(),
      {
        oidcAuthority: "https://accounts.google.com",
        extraAuthorizationParameters: { access_type: "offline", prompt: "consent" },
      },
    ],
    [cognito({ userPoolId: "eu-west-1_Abc123" }), { oidcAuthority: documents.cognito.issuer }],
    [zitadel({ domain: "contoso.zitadel.cloud" }), { oidcAuthority: "https://contoso.zitadel.cloud" }],
  ])("%#", (preset, options) => {
    expect(preset).toEqual(options);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["a domain with a scheme", () => auth0({ domain: "https://contoso.eu.auth0.com" }), /domain is "https:/],
    ["a domain with a path", () => okta({ domain: "contoso.okta.com/oauth2" }), /domain/],
    ["a domain that another host follows", () => zitadel({ domain: "contoso@evil.example" }), /domain/],
    ["no domain", () => auth0({} as never), /domain is not a string/],
    ["an empty realm", () => keycloak({ url: "https://sso.example", realm: "" }), /realm is empty/],
    ["the name of a pool", () => cognito({ userPoolId: "staff" }), /userPoolId is "staff"/],
    ["a pool with a path", () => cognito({ userPoolId: "eu-west-1_a/b" }), /userPoolId/],
  ])("%s is refused", (_, make, message) => {
    expect(make).toThrow(expect.objectContaining({ errorCode: "invalid_option" }));
    expect(make).toThrow(message);
  });
});

describe("a user signs in, stays, and is renewed, with", () => {
  const refreshed: Quirks["answer"] = (good) => ({ ...good, refresh_token: "a-refresh-token" });
  it.each<[string, ProviderPreset, Quirks]>([
    ["google()", google(), { document: documents.google, scopes: documents.google.scopes_supported }],
    [
      "auth0()",
      auth0({ domain: "contoso.eu.auth0.com", audience }),
      { document: documents.auth0, method: "client_secret_basic" },
    ],
    [
      "okta()",
      okta({ domain: "contoso.okta.com", server: "default" }),
      { document: documents.okta, method: "client_secret_basic" },
    ],
    [
      "cognito()",
      cognito({ userPoolId: "eu-west-1_Abc123" }),
      { document: documents.cognito, scopes: ["openid", "profile", "email"], method: "client_secret_basic" },
    ],
  ])("%s", async (_, preset, quirks) => {
    const provider = wildProvider({ answer: refreshed, ...quirks });
    const app = provider.confidential(preset);
    const account = accountOf(await provider.signIn(app, {}));
    expect(provider.asked()).toMatchObject({
      ...preset.extraAuthorizationParameters,
      ...preset.extraParameters,
    });
    expect((await app.acquireTokenSilent({ scopes: [], account })).fromCache).toBe(true);
    expect((await app.acquireTokenSilent({ scopes: [], account, forceRefresh: true })).fromCache).toBe(false);
  });

  it("github(), as an OAuth app whose answers are forms, and as a device", async () => {
    const endpoints = {
      token: "https://github.com/login/oauth/access_token",
      device: "https://github.com/login/device/code",
    };
    const user = {
      url: "https://api.github.com/user",
      body: { id: 583231, login: "octocat", name: "The Octocat" },
    };
    const answered: Quirks["answer"] = () =>
      "access_token=gho_16C7&scope=read%3Auser%2Crepo&token_type=bearer";
    const quirks: Quirks = { endpoints, user, idTokens: false, answer: answered, answersForms: true };
    const web = wildProvider(quirks);
    const app = web.confidential(github());
    const result = await web.signIn(app, { scopes: ["read:user", "repo"] });
    const account = accountOf(result);
    expect(account).toMatchObject({ homeAccountId: "583231", username: "octocat" });
    expect(result).toMatchObject({ accessToken: "gho_16C7", scopes: ["read:user", "repo"], idToken: "" });
    expect(web.asked()["scope"]).toBe("read:user repo");
    expect((await app.acquireTokenSilent({ scopes: ["repo"], account })).fromCache).toBe(true);
    const device = wildProvider({ ...quirks, method: "none" }).publicClient(github());
    const request = { scopes: ["read:user"], deviceCodeCallback: () => undefined };
    expect((await device.acquireTokenByDeviceCode(request)).account?.username).toBe("octocat");
  });

  it("a prompt of its own, which the preset's gives way to", async () => {
    const provider = wildProvider({ document: documents.google });
    await provider.signIn(provider.confidential(google()), { prompt: "select_account" });
    expect(provider.asked()).toMatchObject({ access_type: "offline", prompt: "select_account" });
    for (const { form } of provider.tokenRequests()) expect(form).not.toHaveProperty("access_type");
  });
});

describe("Auth0", () => {
  const preset = auth0({ domain: "contoso.eu.auth0.com", audience, organization: "org_1" });
  const answer: Quirks["answer"] = (good, form) => ({
    ...good,
    access_token: `for ${form.get("audience")} in ${form.get("organization")}`,
    refresh_token: "a-refresh-token",
  });
  const started = (method: Quirks["method"] = "client_secret_basic") =>
    wildProvider({ document: documents.auth0, method, answer });

  it("gets audience and organization on every leg", async () => {
    const provider = started();
    const app = provider.confidential(preset);
    const account = accountOf(await provider.signIn(app, { scopes: ["read:reports"] }));
    expect(provider.asked()).toMatchObject({ audience, organization: "org_1" });
    await app.acquireTokenSilent({ scopes: ["read:reports"], account, forceRefresh: true });
    await app.acquireTokenByClientCredential({});
    await app.acquireTokenByUsernamePassword({ scopes: [], username: "ada", password: "secret" });
    expect(provider.tokenRequests()).toHaveLength(4);
    for (const { form } of provider.tokenRequests())
      expect(form).toMatchObject({ audience, organization: "org_1" });
    const device = started("none");
    await device
      .publicClient(preset)
      .acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback: () => undefined });
    expect(device.requests).toHaveLength(2);
    for (const { form } of device.requests) expect(form).toMatchObject({ audience, organization: "org_1" });
  });

  it("has the tokens of each audience apart, also in a cache that two applications share", async () => {
    const provider = started();
    const other = provider.confidential(
      auth0({ domain: "contoso.eu.auth0.com", audience: "https://other.example" }),
    );
    const app = provider.confidential(preset);
    const { accessToken } = await app.acquireTokenByClientCredential({});
    other.getTokenCache().deserialize(app.getTokenCache().serialize());
    const others = await other.acquireTokenByClientCredential({});
    expect([accessToken, others.accessToken]).toEqual([
      `for ${audience} in org_1`,
      "for https://other.example in null",
    ]);
    const request = { extraParameters: { audience: "https://third.example" } };
    expect(await app.acquireTokenByClientCredential(request)).toMatchObject({
      accessToken: "for https://third.example in org_1",
      fromCache: false,
    });
    for (const [one, asked] of [
      [app, {}],
      [other, {}],
      [app, request],
    ] as const)
      expect((await one.acquireTokenByClientCredential(asked)).fromCache).toBe(true);
  });

  it.each<[string, object, Readonly<Record<string, string>>]>([
    [
      "with a realm by the password-realm grant",
      { realm: "employees" },
      { grant_type: "http://auth0.com/oauth/grant-type/password-realm", realm: "employees" },
    ],
    ["without a realm by RFC 6749", {}, { grant_type: "password" }],
  ])("takes a password %s", async (_, over, expected) => {
    const provider = started();
    const request = { scopes: [], username: "ada", password: "secret", ...over };
    const { account } = await provider.confidential(preset).acquireTokenByUsernamePassword(request);
    expect(account?.homeAccountId).toBe("user-1");
    expect(provider.tokenRequests()[0]?.form).toMatchObject(expected);
  });

  it("has realms, which Entra does not", async () => {
    const auth = { oidcAuthority: undefined, authority: "https://login.microsoftonline.com/contoso.example" };
    const app = started().confidential(auth);
    const request = { scopes: [], username: "ada", password: "secret", realm: "employees" };
    await expect(app.acquireTokenByUsernamePassword(request)).rejects.toMatchObject({
      errorCode: "invalid_option",
      message: expect.stringContaining("realm"),
    });
  });
});

describe.each(["extraParameters", "extraAuthorizationParameters"] as const)("auth.%s", (option) => {
  it.each([
    ["a text", "audience=x"],
    ["a list", ["x"]],
    ["a number in it", { audience: 7 }],
  ])("that is %s is refused", (_, wrong) => {
    const make = () => wildProvider({ document: documents.okta }).confidential({ [option]: wrong as never });
    expect(make).toThrow(expect.objectContaining({ errorCode: "invalid_option" }));
    expect(make).toThrow(`auth.${option}`);
  });

  it("that is null, or holds nothing, is as if it were not there", async () => {
    for (const nothing of [null, {}, { audience: undefined }]) {
      const provider = wildProvider({ document: documents.okta, method: "client_secret_basic" });
      const app = provider.confidential({ [option]: nothing as never });
      await app.acquireTokenByClientCredential({});
      expect(provider.tokenRequests()[0]?.form).toEqual({ grant_type: "client_credentials" });
    }
  });
});
