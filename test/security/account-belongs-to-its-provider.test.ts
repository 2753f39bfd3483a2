// proves: core/src/flows/account-authority.ts, core/src/cache/provider.ts, core/src/flows/silent.ts,
// core/src/exchange/accept-tokens.ts, node/src/interactive/one-call.ts
//
// An app trusts two identity providers. The second one may issue any `sub`, any `client_info` and any claim: with those of
// a user of the first it gets no token of that user's.
import { beforeEach, describe, expect, it } from "@jest/globals";
import {
  type ConfidentialClientApplication,
  createAuthenticatedFetch,
  PublicClientApplication,
  tokenCredential,
  type AccountInfo,
} from "@tessera/node";
import { forms, orders, outcome, refused, signInBoth, silently, stages } from "../support/both-signed-in.js";
import { fakeBroker } from "../support/fake-broker.js";
import type { ScriptedNetwork } from "../support/scripted-network.js";
import {
  confidentialApp,
  configuration,
  networkOf,
  publicApp,
  scopes,
  signIn,
  tokenRequestOf,
} from "../support/two-providers.js";

describe.each(stages)("%s", (_stage, stage) => {
  const { victim, evil } = stage;
  let network: ScriptedNetwork;
  let app: ConfidentialClientApplication;

  /** Calls that get a token for an account without naming its authority. */
  const calls: readonly (readonly [string, (account: AccountInfo) => Promise<string>])[] = [
    ["acquireTokenSilent", (account) => silently(app, { account })],
    ["acquireTokenSilent with forceRefresh", (account) => silently(app, { account, forceRefresh: true })],
    [
      "acquireTokenSilent with claims",
      (account) => silently(app, { account, claims: '{"access_token":{}}' }),
    ],
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
  describe.each(orders)("%s", (_order, order) => {
    let victims: AccountInfo;
    let evils: AccountInfo;
    beforeEach(async () => {
      ({ network, app, victims, evils } = await signInBoth(stage, order));
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

    it.each(calls)(
      "%s, whatever is left of the account: no token of the victim, and nothing is sent",
      async (_name, call) => {
        const sent = network.requests.length;
        for (const [form, lose] of forms)
          expect([form, await outcome(call(lose(evils)))]).toEqual([form, refused]);
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
          expect(await outcome(silently(app, { account: lose(account), authority }))).toBe(
            `access-token-of-${whose}`,
          );
        }
      }
    });

    it("an account is not served by the other one's authority", async () => {
      const sent = network.requests.length;
      for (const forceRefresh of [false, true]) {
        expect(
          await outcome(silently(app, { account: victims, authority: evil.authority, forceRefresh })),
        ).toBe(refused);
        expect(
          await outcome(silently(app, { account: evils, authority: victim.authority, forceRefresh })),
        ).toBe(refused);
      }
      expect(network.requests).toHaveLength(sent);
    });

    it("no refresh token goes to the other provider", async () => {
      for (const account of [victims, evils]) {
        for (const { authority } of [victim, evil]) {
          for (const [, lose] of forms) {
            await outcome(silently(app, { account: lose(account), authority, forceRefresh: true }));
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
        [victims, evils].map((account) => outcome(silently(app, { account, authority, forceRefresh: true }))),
      );
      expect(results[1]).toBe(refused);
    });
  });

  it("a session on behalf of a user that another provider's user begins anew is that one's alone", async () => {
    network = networkOf(stage);
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
    beforeEach(() => {
      network = networkOf(stage);
    });
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
