import { expect } from "@jest/globals";
import type { AccountInfo } from "@tessera/node";
import { clientId } from "../support/fake-provider.js";
import type { Module } from "./module.js";
import type { RelyingParty } from "./relying-party.js";

/** The modules about the end of a session: those of `oidcc-client-test-rp-…`. */
export const logoutModules: Readonly<Record<string, Module>> = {
  "rp-init-logout": endsSession("the user signs out here, and then at the provider"),
  "rp-init-logout-other-state": endsSession("the provider returns another state"),
  "rp-init-logout-no-state": endsSession("the provider returns no state"),
};

async function signedIn(rp: RelyingParty): Promise<AccountInfo> {
  rp.provider.answers.discovery = () => ({ body: rp.provider.metadata() });
  const { account } = await rp.signIn({ metadata: { end_session_endpoint: `${rp.provider.url}/end` } });
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
