import type { AccountInfo, AuthenticationResult } from "@tessera/node";
import { codeOf, needsUser, usageError } from "../errors.js";
import type { Session } from "./session.js";
import type { WantedToken } from "./wanted-token.js";

/** Why there is no token without asking. */
export interface Missing {
  readonly account: AccountInfo | undefined;
  readonly reason: unknown;
}

/** What providers say of a renewal for an API or a scope that the user has not agreed to yet. */
const NEEDS_CONSENT: ReadonlySet<string> = new Set(["invalid_scope", "invalid_target"]);

/** Returns a user's token without asking, or the reason why that is not possible. */
export async function silentToken(
  { app, profile }: Session,
  wanted: WantedToken,
  signal?: AbortSignal,
): Promise<AuthenticationResult | Missing> {
  const account = chosenAccount(await app.getAllAccounts(), profile.account, wanted.account);
  if (!account) return { account, reason: undefined };
  try {
    return await app.acquireTokenSilent({
      ...requestOf(wanted),
      account,
      ...(wanted.forceRefresh === true ? { forceRefresh: true } : {}),
      ...(signal ? { signal } : {}),
    });
  } catch (reason) {
    if (needsUser(reason) || NEEDS_CONSENT.has(codeOf(reason))) return { account, reason };
    throw reason;
  }
}

/** The fields of a request that silent and interactive acquisitions have in common. */
export function requestOf({ scopes, resource, authority, refusedToken, claims }: WantedToken): {
  readonly scopes: string[];
  readonly resource?: string;
  readonly authority?: string;
  readonly refusedToken?: string;
  readonly claims?: string;
} {
  return {
    scopes: scopes.length > 0 ? [...scopes] : ["openid"],
    ...(resource === undefined ? {} : { resource }),
    ...(authority === undefined ? {} : { authority }),
    ...(refusedToken === undefined ? {} : { refusedToken }),
    ...(claims === undefined ? {} : { claims }),
  };
}

function chosenAccount(
  accounts: readonly AccountInfo[],
  last: { readonly homeAccountId: string } | undefined,
  named: string | undefined,
): AccountInfo | undefined {
  if (named !== undefined) {
    const wanted = named.toLowerCase();
    const found = accounts.find(
      ({ username, homeAccountId }) => username.toLowerCase() === wanted || homeAccountId === named,
    );
    if (found || accounts.length === 0) return found;
    const others = accounts.map(({ username }) => username);
    throw usageError(
      `"${named}" is not signed in: pass --account with one of ${others.join(", ")}, or run tessera login.`,
    );
  }
  const found = accounts.find(({ homeAccountId }) => homeAccountId === last?.homeAccountId);
  return found ?? (accounts.length === 1 ? accounts[0] : undefined);
}
