import type { SignedInUser } from "../directory.js";
import type { AuthorityState } from "../state.js";

/**
 * Revokes a user's refresh tokens and signs the user out of every browser, as `revokeSignInSessions` in Microsoft Graph does:
 * https://learn.microsoft.com/graph/api/user-revokesigninsessions
 *
 * @throws {RangeError} if the user is unknown
 */
export function revokeSignInSessions(state: AuthorityState, username: string): void {
  const { user } = requireUser(state, username);
  state.refreshTokens.revokeAll(user.oid);
  state.sessions.revokeAll(user);
}

/** @throws {RangeError} if the user is unknown */
export function requireUser({ directory }: AuthorityState, username: string): SignedInUser {
  const found = directory.userByName(username);
  if (found !== undefined) return found;
  throw new RangeError(`The user ${username} does not exist; authority.config lists the users.`);
}
