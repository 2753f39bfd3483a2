// The floor: what a hit cannot cost less than.
import { scopes } from "./fixtures.mjs";

/**
 * A function that looks a user up in a Map and makes a result object of all the fields a result has, with an account of
 * its own, inside an async function. It checks nothing: no scopes, no expiry, no authority, no correlation id.
 *
 * @param app an application whose cache holds the accounts
 * @param accounts the users
 */
export async function floorOf(app, accounts) {
  const entries = new Map();
  for (const account of accounts)
    entries.set(account.homeAccountId, await app.acquireTokenSilent({ account, scopes }));

  return async ({ account }) => {
    const entry = entries.get(account.homeAccountId);
    return {
      authority: entry.authority,
      uniqueId: entry.uniqueId,
      tenantId: entry.tenantId,
      scopes: entry.scopes,
      account: { ...entry.account },
      idToken: entry.idToken,
      idTokenClaims: entry.idTokenClaims,
      accessToken: entry.accessToken,
      fromCache: true,
      expiresOn: new Date(entry.expiresOn),
      extExpiresOn: new Date(entry.extExpiresOn),
      refreshOn: undefined,
      correlationId: entry.correlationId,
      requestId: "",
      familyId: "",
      tokenType: entry.tokenType,
      state: "",
      cloudGraphHostName: "",
      msGraphHost: "",
      code: undefined,
      fromPlatformBroker: false,
    };
  };
}
