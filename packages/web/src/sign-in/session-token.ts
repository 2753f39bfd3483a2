import type { AuthenticationResult, OnBehalfOfRequest } from "@tessera/node";
import { isAuthError } from "@tessera/core/internal";
import { problemPage } from "./problem.js";
import { isNavigation } from "./return-to.js";
import { tokenKeyOf, type Session } from "./session.js";
import type { Sessions } from "./sessions.js";
import type { Site } from "./site.js";
import { askedBy, type SignInStep } from "./step.js";
import { userMustAct } from "./user-must-act.js";

/** Options of {@link WebSignIn.token}. */
export interface WebTokenOptions extends Omit<OnBehalfOfRequest, "oboAssertion" | "sessionKey"> {
  /** Scopes of the API. */
  scopes: string[];
  /** Claims challenge of the API, as JSON (`claimsFromChallenge`). Bypasses the cache. */
  claims?: string;
}

/** A token, or the response to send where the user has to act. */
export type WebTokenAnswer =
  | (AuthenticationResult & { readonly response?: undefined })
  | { readonly response: Response; readonly accessToken?: undefined };

/** A sign-in that has just been completed and is asked for again would go on for ever. */
const CIRCLE = 60_000;

/** Returns a token of the session: from the cache, or renewed. Where the user has to act, returns the response for it. */
export async function sessionToken(
  site: Site,
  sessions: Sessions,
  request: Request,
  options: WebTokenOptions,
): Promise<WebTokenAnswer> {
  const found = await sessions.read(request);
  if (!found) return { response: await userMustAct(site, request) };
  const { session } = found;
  try {
    return await site.app.acquireTokenOnBehalfOf({ ...options, sessionKey: tokenKeyOf(session) });
  } catch (error) {
    if (!isAuthError(error) || !needsUser(error)) throw error;
    const added = options.scopes.filter((scope) => !site.scopes.includes(scope));
    const claims = ("claims" in error && typeof error.claims === "string" && error.claims) || options.claims;
    const step: SignInStep = {
      ...(added.length > 0 ? { scopes: added } : {}),
      ...(claims ? { claims } : {}),
    };
    if (isCircle(site, session, step) && isNavigation(request)) {
      const code = error.errorCode === "no_tokens_found" ? "tokens_not_kept" : error.errorCode;
      return { response: await problemPage(site, request, { status: 500, code, error }) };
    }
    const hinted = session.username ? { ...step, loginHint: session.username } : step;
    return { response: await userMustAct(site, request, hinted) };
  }
}

/** The provider asks for the user, or has forgotten the session, or this process has no tokens of it. */
function needsUser({ name, errorCode }: { readonly name: string; readonly errorCode: string }): boolean {
  return name === "InteractionRequiredAuthError" || errorCode === "invalid_grant";
}

function isCircle({ clock }: Site, { asked, begunAt }: Session, step: SignInStep): boolean {
  return askedBy(step) === asked && clock.now() - begunAt < CIRCLE;
}
