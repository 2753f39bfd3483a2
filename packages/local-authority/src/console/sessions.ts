import { checkFlag, checkKeys } from "../config/checks.js";
import { canSignIn } from "../config/config.js";
import type { SignedInUser } from "../directory.js";
import type { RequestContext } from "../http/request-context.js";
import type { AuthorityState } from "../state.js";
import { requireUser, revokeSignInSessions } from "../stores/revoke-sign-in-sessions.js";
import { readInput, type ConsoleContext } from "./console-context.js";

/** Every user with the browsers and the apps that the user is signed in to. */
export function listSessions(c: RequestContext, { state }: ConsoleContext): Response {
  const users = state.config.tenants.flatMap((home) =>
    [...home.users, ...(home.federation?.users ?? [])].filter(canSignIn).map((user) => ({ user, home })),
  );
  return c.json({ users: users.map((each) => describeUser(state, each)) });
}

/** Disables or enables a user, or expires the password. */
export async function changeUser(c: RequestContext, { state }: ConsoleContext): Promise<Response> {
  const found = requireUser(state, c.req.param("username") ?? "");
  const input = await readInput(c);
  checkKeys("", input, ["disabled", "passwordExpired"]);
  for (const [name, value] of Object.entries(input)) checkFlag(name, value);
  const { disabled, passwordExpired } = input;
  const { username } = found.user;
  if (disabled !== undefined) state.directory.setDisabled(username, disabled === true);
  if (passwordExpired !== undefined) state.directory.setPasswordExpired(username, passwordExpired === true);
  return c.json(describeUser(state, found));
}

/** Revokes a user's refresh tokens and browser sessions. */
export function revokeSessions(c: RequestContext, { state }: ConsoleContext): Response {
  const found = requireUser(state, c.req.param("username") ?? "");
  revokeSignInSessions(state, found.user.username);
  return c.json(describeUser(state, found));
}

function describeUser(state: AuthorityState, { user, home }: SignedInUser): object {
  const { directory, sessions, refreshTokens } = state;
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  return {
    username: user.username,
    tenant: home.domain,
    disabled: directory.isDisabled(user),
    passwordExpired: directory.isPasswordExpired(user),
    browsers: sessions
      .ofUser(user)
      .map(({ authTime, sessionId }) => ({ sid: sessionId, since: time(authTime) })),
    refreshTokens: refreshTokens.ofUser(user.oid).map(({ grant, issuedAt, expiresAt }) => ({
      app: directory.appById(grant.clientId)?.name ?? grant.clientId,
      clientId: grant.clientId,
      issued: time(issuedAt),
      expires: time(expiresAt),
    })),
  };
}
