import { errorText, isAuthError } from "@tessera/core/internal";
import type { AccessTokenVerifier } from "@tessera/node";
import type { ActiveToken, Introspection } from "./introspection.js";
import { isReadable, unreadable } from "./presented-token.js";
import { invalidToken, unavailable, type Refusal } from "./refusal.js";

/** The tokens of the provider: JWTs are verified here, opaque ones by the provider. */
export class AcceptedTokens {
  readonly #verifier: AccessTokenVerifier;
  readonly #introspection: Introspection | undefined;

  constructor(verifier: AccessTokenVerifier, introspection: Introspection | undefined) {
    this.#verifier = verifier;
    this.#introspection = introspection;
  }

  /** Returns a token that was accepted before and still is. */
  known(token: string): ActiveToken | undefined {
    if (this.#introspection?.isForAll) return this.#introspection.known(token);
    return this.#verifier.known(token) ?? this.#introspection?.known(token);
  }

  /** Accepts a token, or returns why not. */
  async accept(token: string, signal: AbortSignal | undefined): Promise<ActiveToken | Refusal> {
    if (!isReadable(token)) return unreadable;
    const introspection = this.#introspection;
    try {
      if (introspection && (introspection.isForAll || token.split(".").length !== 3))
        return await introspection.ask(token, signal);
      return await this.#verifier.verify(token, { signal });
    } catch (error) {
      return refusalOf(error);
    }
  }
}

/** Codes of errors that are the token's fault. All others say that it cannot be verified now. */
const REFUSED: readonly string[] = ["invalid_access_token", "token_parsing_error", "null_or_empty_token"];

function refusalOf(cause: unknown): Refusal {
  const reason = errorText(cause);
  if (isAuthError(cause) && REFUSED.includes(cause.errorCode))
    return invalidToken("The access token is not valid", reason, cause);
  const seconds = isAuthError(cause) ? cause.retryAfterSeconds : undefined;
  return unavailable("The access token cannot be verified now", { reason, cause, seconds });
}
