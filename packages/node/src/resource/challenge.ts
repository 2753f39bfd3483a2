import { parseAuthenticationChallenges, splitScopes } from "@tessera/core/internal";

/** What a resource says when it refuses a request. */
export interface ResourceChallenge {
  readonly error?: string;
  /** The scopes that the operation needs. */
  readonly scopes?: readonly string[];
  /** Whether it wants a token, or says nothing of what it wants. */
  readonly isForTokens: boolean;
  /** Whether it takes only tokens that are bound to a key. */
  readonly wantsDpop: boolean;
  /** The header, for the search of the metadata. */
  readonly header?: string;
}

/** Reads the challenge of a response, among those of other schemes (RFC 6750 §3, RFC 9449 §7.1). */
export function challengeOf(headers: Pick<Headers, "get">): ResourceChallenge {
  const header = headers.get("www-authenticate") ?? undefined;
  const known = parseAuthenticationChallenges(header).filter(({ scheme }) =>
    ["bearer", "dpop"].includes(scheme),
  );
  const value = (name: string): string | undefined =>
    known.map(({ parameters }) => parameters[name]).find((one) => one !== undefined && one !== "");
  const [error, scope] = [value("error"), value("scope")];
  return {
    ...(error === undefined ? {} : { error }),
    ...(scope === undefined ? {} : { scopes: splitScopes(scope) }),
    ...(header === undefined ? {} : { header }),
    isForTokens: header === undefined || known.length > 0,
    wantsDpop:
      known.some(({ scheme }) => scheme === "dpop") && !known.some(({ scheme }) => scheme === "bearer"),
  };
}
