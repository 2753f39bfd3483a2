import type { AuthenticationResult, BaseRequest } from "@tessera/core";

/** A request for a token of whatever identity the program has. */
export interface AmbientTokenRequest extends Pick<
  BaseRequest,
  "claims" | "correlationId" | "refusedToken" | "signal" | "timeoutMs"
> {
  /** Scopes of one API, usually a single `{resource}/.default`. */
  scopes: string[];
  /** Tenant to acquire the token from. */
  tenantId?: string;
}

/** A source has no identity to offer here: it is not configured, not installed, or nobody is signed in. */
export interface Unavailable {
  /** Why, as the rest of a sentence that begins with the name of the source. */
  readonly unavailable: string;
  /** What to do to use this source. */
  readonly remedy: string;
}

/** The answer of a source. A source that has an identity and cannot acquire a token with it throws instead. */
export type Outcome = AuthenticationResult | Unavailable;

/** Where a program may find an identity. */
export interface Source {
  /** The name in messages. */
  readonly name: string;
  acquire(request: AmbientTokenRequest): Promise<Outcome>;
}

/** Whether a source has no identity to offer. */
export function isUnavailable(outcome: Outcome): outcome is Unavailable {
  return "unavailable" in outcome;
}
