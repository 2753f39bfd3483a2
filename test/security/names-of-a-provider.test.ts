// proves: core/src/flows/account-authority.ts, core/src/cache/record.ts, core/src/exchange/accept-tokens.ts
//
// What an identity provider may say of its users, and the names under which it may say it: only Entra names a user's home
// account by `client_info`, and an account of one of a provider's names is one of all of them.
import { describe, expect, it } from "@jest/globals";
import * as msal from "@azure/msal-node";
import { copied, entra, outcome, refused } from "../support/both-signed-in.js";
import type { ScriptedNetwork } from "../support/scripted-network.js";
import {
  confidentialApp,
  configuration,
  json64,
  networkOf,
  redirectUri,
  scopes,
  signIn,
  tokenRequestOf,
  tenant,
  victimId,
  victimsClientInfo,
  type Provider,
  type Stage,
} from "../support/two-providers.js";

describe("what only Entra may say of a user", () => {
  const op: Provider = { kind: "oidc", authority: "https://op.example", user: "mallory" };
  const fs: Provider = { kind: "adfs", authority: "https://fs.example/adfs", user: "mallory" };
  const said = { response: { client_info: victimsClientInfo, spa_accountid: "victim's device" } };

  it.each([
    ["an OpenID Provider", op, "Generic"],
    ["an AD FS", fs, "ADFS"],
  ])("%s: client_info and the broker's id count for nothing", async (_, provider, authorityType) => {
    const stage = { victim: entra, evil: { ...provider, ...said } };
    const network = networkOf(stage);
    const app = confidentialApp(stage, network);
    const victims = await signIn(app, entra);
    const account = await signIn(app, stage.evil);
    expect(account).toMatchObject({ homeAccountId: "mallory", localAccountId: "mallory", authorityType });
    expect(account.nativeAccountId).toBeUndefined();
    expect(account.dataBoundary).toBeUndefined();
    expect(app.getTokenCache().serialize().split(victimsClientInfo)).toHaveLength(2);
    expect((await app.getAccountByHomeId(victimId))?.username).toBe(victims.username);
    expect((await app.getAccountByLocalId(victims.localAccountId))?.username).toBe(victims.username);
    const imported = await app.acquireTokenByRefreshToken({
      scopes,
      refreshToken: "any",
      authority: provider.authority,
      forceCache: true,
    });
    expect(imported.account?.homeAccountId).toBe("mallory");
  });

  it.each([
    ["an OpenID Provider", op],
    ["an AD FS", fs],
  ])(
    "%s: a refresh that brings another subject is refused, whatever its client_info",
    async (_, provider) => {
      const evil = { ...provider, response: { client_info: json64({ uid: "mallory", utid: "home" }) } };
      const stage = { victim: entra, evil };
      const before = confidentialApp(stage, networkOf(stage));
      const account = await signIn(before, evil);
      const changed = { victim: entra, evil: { ...evil, user: "eve" } };
      const after = confidentialApp(changed, networkOf(changed));
      after.getTokenCache().deserialize(before.getTokenCache().serialize());
      for (const known of [account, { ...account, idTokenClaims: undefined, idToken: undefined }]) {
        const request = { scopes, account: known, authority: provider.authority };
        await expect(after.acquireTokenSilent({ ...request, forceRefresh: true })).rejects.toMatchObject({
          errorCode: "invalid_id_token",
        });
      }
    },
  );

  it.each([
    ["B2C", `https://contoso.b2clogin.com/${tenant}/b2c_1_signin`, ["contoso.b2clogin.com"]],
    ["External ID", `https://contoso.ciamlogin.com/${tenant}`, ["contoso.ciamlogin.com"]],
    [
      "Entra on a host of the app's own",
      `https://login.contoso.example/${tenant}`,
      ["login.contoso.example"],
    ],
  ])("%s names its users with client_info", async (_, authority, knownAuthorities) => {
    const victim: Provider = { ...entra, authority };
    const evil = { ...fs, ...copied };
    const stage = { victim, evil, auth: { knownAuthorities } };
    const network = networkOf(stage);
    const app = confidentialApp(stage, network);
    const victims = await signIn(app, victim);
    expect(victims).toMatchObject({ homeAccountId: victimId, environment: knownAuthorities[0] });
    const account = await signIn(app, evil);
    expect(account.homeAccountId).toBe(victimId);
    const call = app.acquireTokenSilent({ scopes, account });
    expect(await outcome(call.then((result) => result.accessToken))).toBe(refused);
    const again = await app.acquireTokenSilent({ scopes, account: victims });
    expect(again.accessToken).toBe("access-token-of-victim");
  });
});

describe("one provider goes by several names", () => {
  const stage: Stage = { victim: entra, evil: { kind: "oidc", authority: "https://op.example", user: "u" } };

  it.each(["login.windows.net", "login.microsoftonline.com", "login.microsoft.com", "sts.windows.net"])(
    "an account at %s is one of Entra's",
    async (environment) => {
      const app = confidentialApp(stage, networkOf(stage));
      const account = { ...(await signIn(app, entra)), environment };
      for (const authority of [entra.authority, `https://login.windows.net/${tenant}`]) {
        const result = await app.acquireTokenSilent({ scopes, account, authority });
        expect(result.accessToken).toBe("access-token-of-victim");
      }
      await app.removeAccount(account);
      expect(await app.getAllAccounts()).toEqual([]);
    },
  );

  it("names that only Entra's instance discovery tells are learned before the account is refused", async () => {
    const victim = { ...entra, authority: `https://login.new-cloud.example/${tenant}` };
    const clouds = {
      tenant_discovery_endpoint: `${victim.authority}/v2.0/.well-known/openid-configuration`,
      metadata: [
        {
          preferred_network: "login.new-cloud.example",
          preferred_cache: "sts.new-cloud.example",
          aliases: ["login.new-cloud.example", "sts.new-cloud.example"],
        },
      ],
    };
    const more = { "GET https://login.microsoftonline.com/common/discovery/instance": clouds };
    const known = {
      victim,
      evil: { ...copied, kind: "adfs" as const, authority: "https://fs.example/adfs" },
    };
    const first = confidentialApp(known, networkOf(known, more));
    const account = await signIn(first, victim);
    const evils = await signIn(first, known.evil);
    expect(account.environment).toBe("sts.new-cloud.example");

    const network = networkOf(known, more);
    const restarted = confidentialApp(known, network);
    restarted.getTokenCache().deserialize(first.getTokenCache().serialize());
    for (const forceRefresh of [true, false]) {
      const call = restarted.acquireTokenSilent({ scopes, account: evils, forceRefresh });
      expect(await outcome(call.then((result) => result.accessToken))).toBe(refused);
    }
    expect(network.requests.filter(({ line }) => line.startsWith("POST"))).toEqual([]);
    const result = await restarted.acquireTokenSilent({ scopes, account });
    expect(result).toMatchObject({ accessToken: "access-token-of-victim", fromCache: true });
  });

  it("an account without an environment belongs to nobody", async () => {
    const app = confidentialApp(stage, networkOf(stage));
    const account = { ...(await signIn(app, entra)), environment: "" };
    await expect(app.acquireTokenSilent({ scopes, account })).rejects.toMatchObject({
      errorCode: "no_tokens_found",
      errorMessage: expect.stringContaining("account.environment is missing"),
    });
  });
});

describe("@azure/msal-node in the same place", () => {
  const evil: Provider = { kind: "adfs", authority: "https://fs.example/adfs", ...copied };
  const stage: Stage = { victim: entra, evil, auth: { knownAuthorities: ["fs.example"] } };

  async function signedIn(network: ScriptedNetwork) {
    const { auth, system } = configuration(stage, network);
    const app = new msal.ConfidentialClientApplication({
      auth: { ...auth, clientSecret: "secret" } as msal.NodeAuthOptions,
      system,
    });
    const accounts: msal.AccountInfo[] = [];
    for (const { authority } of [entra, evil]) {
      const { account } = await app.acquireTokenByCode({ scopes, redirectUri, code: authority, authority });
      if (account) accounts.push(account);
    }
    return { app, accounts: accounts as [msal.AccountInfo, msal.AccountInfo] };
  }

  it("does not give the victim's token either, but sends the refresh token to the other provider", async () => {
    const network = networkOf(stage);
    const { app, accounts } = await signedIn(network);
    const [victims, evils] = accounts;
    expect(evils.homeAccountId).toBe(victims.homeAccountId);
    const found = await app.acquireTokenSilent({ scopes, account: evils, authority: evil.authority });
    expect(found.accessToken).toBe("access-token-of-evil");
    const { authority } = evil;
    await app.acquireTokenSilent({ scopes, account: victims, authority, forceRefresh: true });
    expect(network.requests.at(-1)).toMatchObject({
      line: tokenRequestOf(evil),
      form: { refresh_token: "refresh-token-of-victim" },
    });
  });

  it("finds one of the two by the id they share", async () => {
    const { app, accounts } = await signedIn(networkOf(stage));
    const found = await app.getTokenCache().getAccountByHomeId(accounts[1].homeAccountId);
    expect(found?.environment).toBe("login.windows.net");
  });
});
