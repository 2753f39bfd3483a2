import { randomUUID } from "node:crypto";
import { readBrowserId, readSession, writeSession } from "../http/cookies.js";
import { admits, type SignedInUser } from "../directory.js";
import { AadstsError, refuse } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { picksUsers, showSignIn } from "../sign-in/interaction.js";
import { checkPassword } from "../sign-in/password-check.js";
import { decline, proceed } from "../sign-in/sign-in-flow.js";
import type { AuthorityState } from "../state.js";
import type { PendingRequest } from "../stores/pending-requests.js";
import { issuerOf } from "../tokens/tokens.js";

/** Receives the sign-in form: starts a session and continues, or shows the form again with the error. */
export async function login(c: RequestContext, state: AuthorityState): Promise<Response> {
  const form = c.get("form");
  const id = form["ctx"] ?? "";
  const pending = state.pending.find(id, readBrowserId(c, state));
  if (pending === undefined) throw refuse(90013);
  // A user who is picked from the list signs in with the password from the configuration.
  const picked = picksUsers(c) ? state.directory.userByName(form["user"] ?? "")?.user : undefined;
  const typed = { username: form["username"] ?? "", password: form["password"] ?? "" };
  const { username, password } = picked ?? typed;
  const code = pending.request.at.kind === "b2c" ? exitErrors[form["decision"] ?? ""] : undefined;
  if (code !== undefined) {
    state.pending.drop(id);
    return decline(c, state, pending.request, refuse(code));
  }
  try {
    const { user, home } = authenticate(state, pending, username, password);
    const signIn = { user, home, sessionId: randomUUID(), authTime: state.clock.seconds() };
    state.pending.drop(id);
    writeSession(c, state, state.sessions.add(readSession(c, state), signIn));
    return await proceed(c, state, { ...pending, signIn });
  } catch (failure) {
    if (!(failure instanceof AadstsError)) throw failure;
    state.pending.drop(id);
    const code = pending.request.at.kind === "entra" ? ` (AADSTS${failure.code})` : "";
    return showSignIn(c, state, pending, { username, error: `${explain(failure)}${code}` });
  }
}

/** @throws {AadstsError} 50034, 50126, 50057, 50055, 50020 */
function authenticate(
  state: AuthorityState,
  { request }: PendingRequest,
  username: string,
  password: string,
): SignedInUser {
  const tenant = request.at.tenant?.name ?? request.at.segment;
  const found = checkPassword(state.directory, { username, password }, tenant);
  if (!admits(request.at, found.home)) {
    const issuer = issuerOf(state.url, found.home.id);
    throw refuse(50020, { username, issuer, tenant, clientId: request.app.clientId });
  }
  return found;
}

/** Errors for the buttons that leave a B2C page. */
const exitErrors: Readonly<Record<string, 65004 | 50142 | undefined>> = {
  cancel: 65004,
  "forgot-password": 50142,
};

/** Explains the error to the user; the code is for the developer. */
function explain(failure: AadstsError): string {
  return explanations.get(failure.code) ?? failure.message;
}

const explanations: ReadonlyMap<number, string> = new Map([
  [50020, "This account does not exist in this organization. Sign in with another account."],
  [50034, "We couldn’t find an account with that username."],
  [50055, "Your password has expired. Change it, then try again."],
  [53003, "You cannot access this right now: your organization has blocked it."],
  [50057, "Your account is disabled. Contact your support person, then try again."],
  [50126, "Your account or password is incorrect."],
]);
