// proves: core/src/flows/account-authority.ts, core/src/cache/provider.ts,
// core/src/cache/account-provider.ts, core/src/flows/silent.ts, core/src/cache/record.ts,
// core/src/exchange/accept-tokens.ts, node/src/interactive/one-call.ts
//
// An app trusts two identity providers. The second one may issue any `sub`, any `client_info` and any claim: with those of
// a user of the first it must get nothing of that user's.
import { beforeEach, describe, expect, it } from "@jest/globals";
import * as msal from "@azure/msal-node";
import {
  ConfidentialClientApplication,
  createAuthenticatedFetch,
  PublicClientApplication,
  tokenCredential,
  type AccountInfo,
  type ICachePlugin,
} from "@tessera/node";
import { fakeBroker } from "../support/fake-broker.js";
import type { ScriptedNetwork } from "../support/scripted-network.js";
import {
  confidentialApp,
  configuration,
  json64,
  networkOf,
  publicApp,
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

const entra: Provider = {
  kind: "entra",
  authority: `https://login.microsoftonline.com/${tenant}`,
  user: victimId,
};
const host = "https://idp.example";
const copied = {
  user: victimId,
  response: { client_info: victimsClientInfo, spa_accountid: "victim's device" },
};
const claims = { tid: tenant, oid: victimId.split(".")[0], acr: tenant };

/** Every way in which a second provider can stand beside the first. In each both users have one home account id. */
const stages: readonly (readonly [string, Stage])[] = [
  [
    "Entra, and an OpenID Provider",
    { victim: entra, evil: { kind: "oidc", authority: "https://op.example", ...copied, claims } },
  ],
  [
    "Entra, and an AD FS",
    { victim: entra, evil: { kind: "adfs", authority: "https://fs.example/adfs", ...copied, claims } },
  ],
  [
    "Entra's protocol and an AD FS on one host",
    {
      victim: { ...entra, authority: `https://login.contoso.example/${tenant}` },
      evil: { kind: "adfs", authority: "https://login.contoso.example/adfs", ...copied, claims },
      auth: { knownAuthorities: ["login.contoso.example"] },
    },
  ],
  [
    "an OpenID Provider with the path of an AD FS, and another one",
    {
      victim: { kind: "oidc", authority: "https://fs.example/adfs", user: victimId },
      evil: { kind: "oidc", authority: "https://op.example", ...copied, claims },
    },
  ],
  [
    "two issuers on one host",
    {
      victim: { kind: "oidc", authority: `${host}/realms/a`, user: victimId },
      evil: { kind: "oidc", authority: `${host}/realms/b`, ...copied, claims: { tid: "realms/a" } },
    },
  ],
  [
    "two issuers on one host, the second with its own path for a tenant",
    {
      victim: { kind: "oidc", authority: `${host}/realms/a`, user: victimId },
      evil: { kind: "oidc", authority: `${host}/realms/b`, ...copied, claims: { tid: "realms/b" } },
    },
  ],
  [
    "an issuer without a path, and one with a path",
    {
      victim: { kind: "oidc", authority: host, user: victimId },
      evil: { kind: "oidc", authority: `${host}/realms/b`, ...copied },
    },
  ],
  [
    "an issuer with a path, and one without",
    {
      victim: { kind: "oidc", authority: `${host}/realms/a`, user: victimId },
      evil: { kind: "oidc", authority: host, ...copied, claims: { tid: "realms/a" } },
    },
  ],
];

/** What an app may have left of an account. */
const forms: readonly (readonly [string, (account: AccountInfo) => AccountInfo])[] = [
  ["as it was returned", (account) => account],
  ["as plain JSON", (account) => JSON.parse(JSON.stringify(account)) as AccountInfo],
  ["without its claims", ({ idTokenClaims: _, ...account }) => account],
  [
    "with nothing but what MSAL needs",
    ({ homeAccountId, environment, tenantId, username, localAccountId }) => ({
      homeAccountId,
      environment,
      tenantId,
      username,
      localAccountId,
    }),
  ],
];

/** What came of a call: the text it returned, or `{class} {code}`. */
async function outcome(call: Promise<string>): Promise<string> {
  return call.catch(({ name, errorCode }: msal.AuthError) => `${name} ${errorCode}`);
}

const refused = "InteractionRequiredAuthError no_tokens_found";

describe.each(stages)("%s", (_stage, stage) => {
  const { victim, evil } = stage;
  let network: ScriptedNetwork;
  beforeEach(() => {
    network = networkOf(stage);
  });

  /** Calls that get a token for an account without naming its authority. */
  const calls: readonly (readonly [string, (account: AccountInfo) => Promise<string>])[] = [
    ["acquireTokenSilent", (account) => silently({ account })],
    ["acquireTokenSilent with forceRefresh", (account) => silently({ account, forceRefresh: true })],
    ["acquireTokenSilent with claims", (account) => silently({ account, claims: '{"access_token":{}}' })],
    [
      "acquireToken of a confidential client",
      async (account) => (await app.acquireToken({ scopes, account })).accessToken,
    ],
    ["tokenCredential", async (account) => (await tokenCredential(app, account).getToken(scopes)).token],
    [
      "createAuthenticatedFetch",
      async (account) => {
        const sent = (request: Request): Promise<Response> =>
          Promise.resolve(new Response(request.headers.get("authorization")));
        const send = createAuthenticatedFetch(app, { scopes, account, fetch: sent as typeof fetch });
        return (await (await send("https://api.example")).text()).replace("Bearer ", "");
      },
    ],
  ];
  let app: ConfidentialClientApplication;
  const silently = async (
    request: Omit<Parameters<ConfidentialClientApplication["acquireTokenSilent"]>[0], "scopes">,
  ): Promise<string> => (await app.acquireTokenSilent({ scopes, ...request })).accessToken;

  describe.each([
    ["the victim signed in first", [victim, evil]],
    ["the victim signed in last", [evil, victim]],
  ] as const)("%s", (_order, order) => {
    let victims: AccountInfo;
    let evils: AccountInfo;
    beforeEach(async () => {
      app = confidentialApp(stage, network);
      const accounts = [await signIn(app, order[0]), await signIn(app, order[1])];
      const [first, second] = accounts as [AccountInfo, AccountInfo];
      [victims, evils] = order[0] === victim ? [first, second] : [second, first];
      expect(evils.homeAccountId).toBe(victims.homeAccountId);
    });

    it("are two accounts, each with its own claims", async () => {
      const accounts = await app.getAllAccounts();
      expect(accounts).toHaveLength(2);
      for (const account of [victims, evils]) {
        expect(accounts.map(({ idToken }) => idToken)).toContain(account.idToken);
      }
      expect(evils.nativeAccountId).toBeUndefined();
      expect(evils.username).toBe("evil@contoso.example");
    });

    it.each(forms.flatMap(([form, lose]) => calls.map(([name, call]) => [name, form, call, lose] as const)))(
      "%s, the account %s: no token of the victim, and nothing is sent",
      async (_name, _form, call, lose) => {
        const sent = network.requests.length;
        expect(await outcome(call(lose(evils)))).toBe(refused);
        expect(network.requests).toHaveLength(sent);
      },
    );

    it.each(calls.slice(0, 1).concat(calls.slice(3)))("%s: the victim has the token", async (_name, call) => {
      expect(await outcome(call(victims))).toBe("access-token-of-victim");
      expect(await outcome(call(JSON.parse(JSON.stringify(victims)) as AccountInfo))).toBe(
        "access-token-of-victim",
      );
    });

    it("the error names the account's host, the authority and the remedy", async () => {
      await expect(app.acquireTokenSilent({ scopes, account: evils })).rejects.toMatchObject({
        errorMessage: expect.stringMatching(
          new RegExp(
            `"${new URL(evil.authority).host}".*"${victim.authority}/".*set the account's own provider as authority`,
          ),
        ),
      });
    });

    it("with its authority in the request each account has its own token", async () => {
      for (const [provider, account, whose] of [
        [victim, victims, "victim"],
        [evil, evils, "evil"],
      ] as const) {
        const { authority } = provider;
        for (const [, lose] of forms) {
          expect(await outcome(silently({ account: lose(account), authority }))).toBe(
            `access-token-of-${whose}`,
          );
        }
      }
    });

    it("an account is not served by the other one's authority", async () => {
      const sent = network.requests.length;
      for (const forceRefresh of [false, true]) {
        expect(await outcome(silently({ account: victims, authority: evil.authority, forceRefresh }))).toBe(
          refused,
        );
        expect(await outcome(silently({ account: evils, authority: victim.authority, forceRefresh }))).toBe(
          refused,
        );
      }
      expect(network.requests).toHaveLength(sent);
    });

    it("no refresh token goes to the other provider", async () => {
      for (const account of [victims, evils]) {
        for (const { authority } of [victim, evil]) {
          for (const [, lose] of forms) {
            await outcome(silently({ account: lose(account), authority, forceRefresh: true }));
          }
        }
      }
      const redeemed = network.requests.filter(({ form }) => form["grant_type"] === "refresh_token");
      expect(redeemed.length).toBeGreaterThan(1);
      for (const { line, form } of redeemed) {
        const whose = line === tokenRequestOf(victim) ? "victim" : "evil";
        expect(form["refresh_token"]).toBe(`refresh-token-of-${whose}`);
      }
    });

    it("a call for one account does not share the request of the other", async () => {
      const { authority } = victim;
      const results = await Promise.all(
        [victims, evils].map((account) => outcome(silently({ account, authority, forceRefresh: true }))),
      );
      expect(results[1]).toBe(refused);
    });

    it.each(["getAccountByHomeId", "getAccountByLocalId"] as const)(
      "%s does not choose between them",
      async (method) => {
        const id = method === "getAccountByHomeId" ? victimId : victims.localAccountId;
        const field = method === "getAccountByHomeId" ? "homeAccountId" : "localAccountId";
        const found = (await app.getAllAccounts()).filter((account) => account[field] === id);
        for (const source of [app, app.getTokenCache()]) {
          const call = source[method](id).then((account) => account?.username ?? "nobody");
          expect(await outcome(call)).toBe(
            found.length > 1 ? "ClientAuthError multiple_matching_accounts" : found[0]?.username,
          );
        }
      },
    );

    it("getAccounts finds the users of one authority", async () => {
      for (const [{ authority }, account] of [
        [victim, victims],
        [evil, evils],
      ] as const) {
        for (const source of [app, app.getTokenCache()]) {
          for (const ask of [{}, { homeAccountId: victimId }, { username: account.username }]) {
            const found = await source.getAccounts({ ...ask, authority });
            expect(found.map(({ username }) => username)).toEqual([account.username]);
          }
        }
      }
    });

    it.each<["signOut" | "removeAccount", (account: AccountInfo) => Promise<void>]>([
      ["signOut", (account) => app.signOut({ account })],
      ["removeAccount", (account) => app.removeAccount(account)],
    ])("%s of one leaves the other", async (_, leave) => {
      await leave(evils);
      expect(await app.getAllAccounts()).toEqual([expect.objectContaining({ username: victims.username })]);
      expect(await outcome(silently({ account: victims }))).toBe("access-token-of-victim");
      await leave(victims);
      expect(await app.getAllAccounts()).toEqual([]);
      expect(app.getTokenCache().stats().tokens).toBe(0);
    });

    it("an account that has lost its claims signs nobody else out", async () => {
      const removed = async (account: AccountInfo): Promise<string> => {
        await app.removeAccount(account);
        return "removed";
      };
      for (const [, lose] of forms) {
        await outcome(removed(lose(evils)));
        expect(await outcome(silently({ account: victims }))).toBe("access-token-of-victim");
      }
    });

    it("buildEndSessionUrl sends the ID token to its own provider only", async () => {
      expect(await outcome(app.buildEndSessionUrl({ account: evils }))).toMatch(
        /no_tokens_found|authority_mismatch/,
      );
      const url = new URL(await app.buildEndSessionUrl({ account: evils, authority: evil.authority }));
      expect(url.searchParams.get("id_token_hint")).toBe(evils.idToken);
      expect(url.href).toMatch(new RegExp(`^${evil.authority}/`));
    });

    it("getAuthCodeUrl names an account to its own provider only", async () => {
      const request = { scopes, redirectUri, account: evils };
      const foreign = await app.getAuthCodeUrl(request);
      expect(decodeURIComponent(foreign)).not.toMatch(/evil@contoso|X-AnchorMailbox/);
      const own = await app.getAuthCodeUrl({ ...request, authority: evil.authority });
      expect(new URL(own).searchParams.get("login_hint")).toBe("evil@contoso.example");
    });

    it("a cache that is written, read and kept by a plugin keeps them apart", async () => {
      let text = app.getTokenCache().serialize();
      const cachePlugin: ICachePlugin = {
        beforeCacheAccess: async ({ tokenCache }) => {
          tokenCache.deserialize(text);
        },
        afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => {
          if (cacheHasChanged) text = tokenCache.serialize();
        },
      };
      const { auth, ...rest } = configuration(stage, network);
      app = new ConfidentialClientApplication({
        ...rest,
        auth: { ...auth, clientSecret: "secret" },
        cache: { cachePlugin },
      });
      for (const [, lose] of forms) {
        for (const forceRefresh of [false, true]) {
          expect(await outcome(silently({ account: lose(evils), forceRefresh }))).toBe(refused);
        }
      }
      expect(await outcome(silently({ account: victims }))).toBe("access-token-of-victim");
      await app.signOut({ account: evils });
      expect(await outcome(silently({ account: victims }))).toBe("access-token-of-victim");
    });

    it("acquireTokenByRefreshToken brings back nobody but the provider's own user", async () => {
      await app.removeAccount(evils);
      const before = app.getTokenCache().serialize();
      const { authority } = evil;
      const imported = await app.acquireTokenByRefreshToken({ scopes, refreshToken: "any", authority });
      expect(imported.accessToken).toBe("access-token-of-evil");
      expect(app.getTokenCache().serialize()).toBe(before);
    });
  });

  it("a session on behalf of a user that another provider's user begins anew is that one's alone", async () => {
    app = confidentialApp(stage, network);
    const sessionKey = "job";
    await app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "victim's", sessionKey });
    const { authority } = evil;
    await app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "evil's", sessionKey, authority });
    expect(await outcome(app.acquireTokenOnBehalfOf({ scopes, sessionKey }).then((r) => r.accessToken))).toBe(
      refused,
    );
    expect(network.requests.filter(({ form }) => form["refresh_token"])).toEqual([]);
  });

  describe("a public client", () => {
    const openBrowser = (url: string): Promise<never> =>
      Promise.reject(new Error(`asked at ${new URL(url).origin}`));

    it("acquireToken for an account of the other provider gets nothing, and asks nobody", async () => {
      const desktop = publicApp(stage, network);
      await signIn(desktop, victim);
      const account = await signIn(desktop, evil);
      const sent = network.requests.length;
      const call = desktop.acquireToken({ scopes, account, openBrowser });
      expect(await outcome(call.then((result) => result.accessToken))).toBe(refused);
      expect(network.requests).toHaveLength(sent);
    });

    it("acquireToken takes the only account of its authority, by login hint too", async () => {
      const desktop = publicApp(stage, network);
      await signIn(desktop, victim);
      await signIn(desktop, evil);
      const { authority } = evil;
      for (const hint of [{}, { loginHint: "victim@contoso.example" }]) {
        const { accessToken } = await desktop.acquireToken({ scopes, openBrowser, ...hint });
        expect(accessToken).toBe("access-token-of-victim");
      }
      const other = await desktop.acquireToken({ scopes, authority, openBrowser });
      expect(other.accessToken).toBe("access-token-of-evil");
      const hinted = desktop.acquireToken({ scopes, loginHint: "evil@contoso.example", openBrowser });
      await expect(hinted).rejects.toThrow(`asked at ${new URL(victim.authority).origin}`);
    });

    it("a broker is not asked for another provider's account", async () => {
      const desktop = publicApp(stage, network);
      const account = { ...(await signIn(desktop, evil)), nativeAccountId: "victim's device" };
      const broker = fakeBroker();
      const brokered = new PublicClientApplication({
        ...configuration(stage, network),
        broker: { nativeBrokerPlugin: broker.plugin },
      });
      const call = brokered.acquireTokenSilent({ scopes, account });
      expect(await outcome(call.then((result) => result.accessToken))).toBe(
        "ClientConfigurationError authority_mismatch",
      );
      expect(broker.calls.filter(({ method }) => method.startsWith("acquire"))).toEqual([]);
    });
  });
});

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
