import { expect } from "@jest/globals";
import type { AccountInfo } from "@tessera/node";
import { clientId, keys, sign } from "../support/fake-provider.js";
import type { Module } from "./module.js";
import type { IssuedIdToken, RelyingParty } from "./relying-party.js";

/** The modules about the end of a session: those of `oidcc-client-test-rp-…`. */
export const logoutModules: Readonly<Record<string, Module>> = {
  "rp-init-logout": endsSession("the user signs out here, and then at the provider"),
  "rp-init-logout-other-state": endsSession("the provider returns another state"),
  "rp-init-logout-no-state": endsSession("the provider returns no state"),
  "rp-frontchannel-rpinitlogout": endsFrontChannel(
    "the user signs out, and the provider loads the app's page",
  ),
  "rp-frontchannel-opinitlogout": endsFrontChannel(
    "the user signs out at the provider, which loads the app's page",
  ),
  "rp-backchannel-rpinitlogout": {
    when: "the provider posts a logout token: it names the users to sign out",
    play: async (rp) => {
      await signedIn(rp);
      const logoutToken = logoutTokenOf(rp);
      const { accounts } = await rp.app.validateLogoutToken({ logoutToken });
      for (const account of accounts) await rp.app.signOut({ account });
      expect(await rp.app.getAllAccounts()).toEqual([]);
      await expect(rp.app.validateLogoutToken({ logoutToken })).rejects.toMatchObject({
        errorMessage: expect.stringMatching(/used before/),
      });
    },
  },
  "rp-backchannel-rpinitlogout-alg-none": refusesLogout(
    "is not signed",
    { header: { alg: "none" }, spoil: (jwt) => jwt.replace(/[^.]*$/, "") },
    /alg is "none"/,
  ),
  "rp-backchannel-rpinitlogout-no-event": refusesLogout(
    "has no event",
    { claims: { events: undefined } },
    /events/,
  ),
  "rp-backchannel-rpinitlogout-with-nonce": refusesLogout(
    "has a nonce",
    { claims: { nonce: "a-nonce" } },
    /nonce/,
  ),
  "rp-backchannel-rpinitlogout-wrong-alg": refusesLogout(
    "is signed with another algorithm",
    { header: { alg: "ES256" }, key: keys.elliptic.privateKey },
    /alg is "ES256"/,
  ),
  "rp-backchannel-rpinitlogout-wrong-aud": refusesLogout(
    "is for another client",
    { claims: { aud: "another-client" } },
    /aud is "another-client"/,
  ),
  "rp-backchannel-rpinitlogout-wrong-event": refusesLogout(
    "has another event",
    { claims: { events: { "https://event.example/other": {} } } },
    /events/,
  ),
  "rp-backchannel-rpinitlogout-wrong-iss": refusesLogout(
    "is another issuer's",
    { claims: { iss: "https://evil.example" } },
    /iss is "https:\/\/evil\.example"/,
  ),
};

const SESSION = "a-session-of-the-provider";
let tokens = 0;

/** A good logout token (OpenID Connect Back-Channel Logout §2.4), with changes. */
function logoutTokenOf(
  { provider }: RelyingParty,
  { claims, header, key, spoil = (jwt) => jwt }: IssuedIdToken = {},
): string {
  const now = Math.floor(provider.clock.now() / 1000);
  tokens += 1;
  const all = {
    iss: provider.url,
    aud: clientId,
    sub: "user-1",
    sid: SESSION,
    iat: now,
    exp: now + 120,
    jti: `logout-${tokens}`,
    events: { "http://schemas.openid.net/event/backchannel-logout": {} },
    ...claims,
  };
  return spoil(sign(all, { alg: "RS256", kid: "one", typ: "logout+jwt", ...header }, key));
}

function refusesLogout(what: string, bad: IssuedIdToken, says: RegExp): Module {
  return {
    when: `a logout token ${what}: nobody is signed out`,
    play: async (rp) => {
      await signedIn(rp);
      const logoutToken = logoutTokenOf(rp, bad);
      await expect(rp.app.validateLogoutToken({ logoutToken })).rejects.toMatchObject({
        name: "ClientAuthError",
        errorMessage: expect.stringMatching(says),
      });
      expect(await rp.app.getAllAccounts()).toHaveLength(1);
    },
  };
}

function endsFrontChannel(when: string): Module {
  return {
    when,
    play: async (rp) => {
      const account = await signedIn(rp);
      const sent = { iss: rp.provider.url, sid: SESSION, account };
      for (const wrong of [{ iss: "https://evil.example" }, { sid: "another" }])
        await expect(rp.app.validateFrontChannelLogout({ ...sent, ...wrong })).rejects.toMatchObject({
          name: "ClientAuthError",
        });
      const { accounts } = await rp.app.validateFrontChannelLogout(sent);
      for (const one of accounts) await rp.app.signOut({ account: one });
      expect(await rp.app.getAllAccounts()).toEqual([]);
    },
  };
}

async function signedIn(rp: RelyingParty): Promise<AccountInfo> {
  const { account } = await rp.signIn({
    metadata: { end_session_endpoint: `${rp.provider.url}/end` },
    front: { claims: { sid: SESSION } },
    back: { claims: { sid: SESSION } },
  });
  if (!account) throw new Error("no account");
  return account;
}

/** The user is signed out here before the browser goes to the provider, so whatever comes back changes nothing. */
function endsSession(when: string): Module {
  return {
    when,
    play: async (rp) => {
      const account = await signedIn(rp);
      const postLogoutRedirectUri = "https://app.example/signed-out";
      const url = new URL(await rp.app.buildEndSessionUrl({ account, postLogoutRedirectUri, state: "sent" }));
      await rp.app.signOut({ account });
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        client_id: clientId,
        id_token_hint: account.idToken,
        post_logout_redirect_uri: postLogoutRedirectUri,
        state: "sent",
      });
      expect(await rp.app.getAllAccounts()).toEqual([]);
      await expect(rp.app.acquireTokenSilent({ scopes: ["email"], account })).rejects.toMatchObject({
        errorCode: "no_tokens_found",
      });
    },
  };
}
