import type { Client } from "@tessera/core";
import { silentNow, withoutNull } from "@tessera/core/internal";
import type { MsalRequest } from "../msal/msal-request.js";
import { interactive } from "./interactive.js";
import type { SignIn } from "./sign-in.js";

/**
 * Creates sign-in through the browser, with tokens from the cache.
 *
 * @param checked checks the fields common to all requests
 * @param isForBroker whether redirect URIs are meant for a broker that is not available
 */
export function browserSignIn(
  client: Client,
  checked: <R extends MsalRequest>(request: R) => R,
  isForBroker: boolean,
): SignIn {
  return {
    needsNoBrowser: false,
    interactively(request) {
      const { redirectUri, ...rest } = withoutNull(checked(request));
      return interactive(client, isForBroker ? rest : { ...rest, redirectUri });
    },
    silently: async (request, budget) => silentNow(client, checked(request), budget),
    accounts: (filter) => client.cache.getAccounts(filter),
    signOut: async () => undefined,
  };
}
