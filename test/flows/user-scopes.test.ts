// A sign-in asks for the scopes that the provider has, and for none that the app leaves out.
// proves: core/src/exchange/user-scopes.ts, core/src/request/scopes.ts, core/src/dialect/openid.ts,
// core/src/flows/device-authorization.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { accountOf } from "../support/entra.js";
import { drivers, requestStage } from "../support/request-stage.js";
import { documents, wildProvider, type Quirks } from "../support/wild-provider.js";

const oidc = ["openid", "profile", "offline_access"];
const sorted = (scope: string | undefined) => (scope ?? "").split(" ").filter(Boolean).sort();

describe("a sign-in without scopes at", () => {
  const rfc8414 = { ...documents.discord, subject_types_supported: undefined };
  const oauth = { ...rfc8414, id_token_signing_alg_values_supported: undefined };
  it.each<[string, Readonly<Record<string, unknown>>, readonly string[]]>([
    ["Google, which does not list offline_access", documents.google, ["openid", "profile"]],
    ["Okta, which lists all", documents.okta, oidc],
    ["Twitch, which lists openid alone", documents.twitch, ["openid"]],
    ["Discord, which lists nothing", documents.discord, ["openid", "profile"]],
    [
      "an OpenID Provider that lists only its own",
      { ...documents.discord, scopes_supported: ["guilds"] },
      ["openid"],
    ],
    [
      "a server whose list is a text",
      { ...documents.discord, scopes_supported: "openid" },
      ["openid", "profile"],
    ],
    ["an OAuth server without ID tokens", oauth, []],
    ["an OAuth server with scopes of its own", { ...oauth, scopes_supported: ["repo"] }, []],
    ["an OAuth server that lists openid", { ...oauth, scopes_supported: ["openid"] }, ["openid"]],
  ])("%s", async (_, document, expected) => {
    const app = wildProvider({ document }).confidential();
    const { authUrl } = await app.initiateAuthCodeFlow({ scopes: [], redirectUri: "https://app.example/" });
    expect(sorted(new URL(authUrl).searchParams.get("scope") ?? undefined)).toEqual([...expected].sort());
  });

  it("one whose metadata were given by hand is that of an OpenID Provider", async () => {
    const { issuer, authorization_endpoint, token_endpoint, jwks_uri } = documents.discord;
    const byHand = JSON.stringify({ issuer, authorization_endpoint, token_endpoint, jwks_uri });
    const app = wildProvider({}).confidential({ oidcAuthority: issuer, authorityMetadata: byHand });
    const { authUrl } = await app.initiateAuthCodeFlow({ scopes: [], redirectUri: "https://app.example/" });
    expect(new URL(authUrl).searchParams.get("scope")).toBe("openid profile");
  });
});

describe("Google, named by its issuer alone,", () => {
  const google: Quirks = {
    document: documents.google,
    scopes: ["openid", "email", "profile", "https://www.googleapis.com/auth/calendar"],
    // Google spells the scopes of a sign-in otherwise.
    answer: (good) => ({
      ...good,
      scope: String(good["scope"])
        .replace("email", "https://www.googleapis.com/auth/userinfo.email")
        .replace("profile", "https://www.googleapis.com/auth/userinfo.profile"),
      refresh_token: "a-refresh-token",
    }),
  };

  it.each([
    [[]],
    [["email"]],
    [["openid", "email", "profile"]],
    [["https://www.googleapis.com/auth/calendar"]],
  ])("signs a user in with %j, and has the token in the cache", async (scopes) => {
    const provider = wildProvider(google);
    const app = provider.confidential();
    const { account } = await provider.signIn(app, { scopes });
    const again = await app.acquireTokenSilent({ scopes, account: account ?? ({} as never) });
    expect(again).toMatchObject({ fromCache: true, account: { homeAccountId: "user-1" } });
    provider.clock.advance(3600);
    const renewed = await app.acquireTokenSilent({ scopes, account: account ?? ({} as never) });
    expect(renewed.fromCache).toBe(false);
    for (const { form } of provider.tokenRequests()) expect(form["scope"]).not.toContain("offline_access");
  });

  it("gives a device its code, without a scope that it does not know", async () => {
    const provider = wildProvider({ ...google, method: "none" });
    const app = provider.publicClient();
    const result = await app.acquireTokenByDeviceCode({ scopes: [], deviceCodeCallback: () => undefined });
    expect(result.account?.homeAccountId).toBe("user-1");
    expect(provider.requests.map(({ form }) => form["scope"])).toEqual(["openid profile", "openid profile"]);
  });
});

describe("excludeScopes", () => {
  const listing: Quirks = {
    document: documents.okta,
    answer: (good) => ({ ...good, refresh_token: "a-refresh-token" }),
  };

  it.each<[string, object, object, readonly string[]]>([
    ["of the configuration", { excludeScopes: ["offline_access"] }, {}, ["openid", "profile"]],
    ["of the request", {}, { excludeScopes: ["offline_access", "profile"] }, ["openid"]],
    [
      "of both",
      { excludeScopes: ["offline_access"] },
      { excludeScopes: ["profile", "openid"], scopes: ["api:read"] },
      ["api:read"],
    ],
    ["also leaves out what the caller asks for", { excludeScopes: [" email "] }, { scopes: ["email"] }, oidc],
  ])("%s is left out of the sign-in, the redemption and the refresh", async (_, auth, request, expected) => {
    const provider = wildProvider({ ...listing, scopes: expected, idTokens: expected.includes("openid") });
    const app = provider.confidential({
      ...auth,
      clientMetadata: { token_endpoint_auth_method: "client_secret_post" },
    });
    const scopes: string[] = [];
    const result = await provider.signIn(app, { scopes, ...request }).catch((error: unknown) => error);
    expect(sorted(provider.asked()["scope"])).toEqual([...expected].sort());
    expect(sorted(provider.tokenRequests()[0]?.form["scope"])).toEqual([...expected].sort());
    if (!expected.includes("openid")) return;
    const account = accountOf(result as never);
    const silent = { scopes, ...request, account };
    expect((await app.acquireTokenSilent(silent)).fromCache).toBe(true);
    await app.acquireTokenSilent({ ...silent, forceRefresh: true });
    expect(sorted(provider.tokenRequests()[1]?.form["scope"])).toEqual([...expected].sort());
  });

  it("does not decide which token is found: with and without it, the same one", async () => {
    const provider = wildProvider(listing);
    const app = provider.confidential();
    const scopes = ["api:read"];
    const account = accountOf(await provider.signIn(app, { scopes, excludeScopes: ["offline_access"] }));
    for (const excludeScopes of [undefined, ["offline_access"], ["profile"]])
      expect((await app.acquireTokenSilent({ scopes, account, excludeScopes })).fromCache).toBe(true);
  });

  it.each([
    ["a text", "offline_access"],
    ["a list of numbers", [1]],
  ])("that is %s is refused", async (_, wrong) => {
    const provider = wildProvider(listing);
    const given = { excludeScopes: wrong as never };
    const error = expect.objectContaining({ errorCode: "invalid_option" });
    expect(() => provider.confidential(given)).toThrow(error);
    await expect(provider.signIn(provider.confidential(), given)).rejects.toEqual(error);
  });
});

describe("Entra", () => {
  let stage: ReturnType<typeof requestStage>;
  beforeEach(() => {
    stage = requestStage();
  });

  it.each(["authorization_code", "password", "refresh_token", "on_behalf_of"] as const)(
    "is asked for all of them as before, and for none that is left out (%s)",
    async (grant) => {
      const alice = await stage.signIn(stage.app, "alice");
      const scopesOf = async (fields: object) => {
        await drivers[grant]({ ...stage, alice }, { scopes: ["api://one/.default"], ...fields });
        return stage.sent.at(-1)?.body;
      };
      const all = new URLSearchParams(await scopesOf({}));
      expect(all.get("scope")).toBe("api://one/.default openid profile offline_access");
      const some = new URLSearchParams(
        await scopesOf({ excludeScopes: ["offline_access"], skipCache: true }),
      );
      expect(some.get("scope")).toBe("api://one/.default openid profile");
    },
  );
});
