import { clientConfigurationError, isAuthError } from "@tessera/core/internal";
import type { CallerToken, CallerTokenRequest } from "./caller.js";
import type { GuardApplication } from "./options.js";
import type { Refusal } from "./refusal.js";

/** How tokens on behalf of callers are acquired. */
export interface Exchange {
  readonly app: GuardApplication | undefined;
  readonly how: "on-behalf-of" | "token-exchange";
  /** The authority of the caller's tenant, where the app's own stands for several. */
  readonly authority: string | undefined;
  /** Returns the response for the caller's client. */
  readonly refuse: (refusal: Refusal) => Response;
}

/** The caller whose token is exchanged. */
export interface Subject {
  readonly token: string;
  readonly isOfApp: boolean;
}

/** Acquires a token on behalf of a caller. */
export async function callerToken(
  { app, how, authority, refuse }: Exchange,
  { token, isOfApp }: Subject,
  { scopes, audience, signal }: CallerTokenRequest,
): Promise<CallerToken> {
  if (!app)
    throw clientConfigurationError(
      "invalid_option",
      "caller.token needs the API's own registration: pass app to createApiGuard.",
    );
  const refused = (refusal: Refusal): CallerToken => ({ response: refuse(refusal), reason: refusal.reason });
  if (isOfApp)
    return refused({
      status: 403,
      error: "insufficient_scope",
      description: "A user is needed",
      reason: "An app calls for itself: there is nobody on whose behalf to acquire a token.",
    });
  const asked = {
    scopes: [...scopes],
    ...(authority === undefined ? {} : { authority }),
    ...(signal ? { signal } : {}),
  };
  try {
    if (how === "on-behalf-of") return await app.acquireTokenOnBehalfOf({ ...asked, oboAssertion: token });
    return await app.acquireTokenByTokenExchange({
      ...asked,
      subjectToken: token,
      subjectTokenType: "access_token",
      ...(audience === undefined ? {} : { audience }),
    });
  } catch (error) {
    if (!isAuthError(error, "InteractionRequiredAuthError")) throw error;
    const { claims } = error;
    return refused({
      status: 401,
      error: claims === "" ? "insufficient_user_authentication" : "insufficient_claims",
      description: "The user has to sign in again",
      reason: `${error.errorCode}: ${error.errorMessage}`,
      cause: error,
      ...(claims === "" ? {} : { claims }),
    });
  }
}
