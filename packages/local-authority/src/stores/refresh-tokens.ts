import type { AuthorityClock } from "../clock.js";
import { randomHandle } from "../crypto/opaque.js";
import type { SignIn } from "./sessions.js";

/** The grant that a refresh token represents. */
export interface RefreshTokenGrant extends SignIn {
  readonly clientId: string;
  readonly familyId?: string;
  /** Where the token is accepted: see `realmOf`. */
  readonly realm: string;
  /** The scopes of the original request, used when a refresh has no `scope` (RFC 6749 §6). */
  readonly scope: string;
  readonly resource?: string;
}

export interface IssuedRefreshToken {
  readonly grant: RefreshTokenGrant;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  revokedAt?: number;
}

export interface RefreshTokenStore {
  issue(grant: RefreshTokenGrant): string;
  find(token: string): IssuedRefreshToken | undefined;
  revoke(issued: IssuedRefreshToken): void;
  /** Revokes all tokens of a user. */
  revokeAll(oid: string): void;
  /** The tokens of a user that can be redeemed. */
  ofUser(oid: string): readonly IssuedRefreshToken[];
}

export function createRefreshTokenStore(clock: AuthorityClock, lifetime: number): RefreshTokenStore {
  const tokens = new Map<string, IssuedRefreshToken>();
  const revoke = (issued: IssuedRefreshToken) => {
    issued.revokedAt ??= clock.seconds();
  };
  return {
    issue: (grant) => {
      const token = `1.${randomHandle()}`;
      const issuedAt = clock.seconds();
      tokens.set(token, { grant, issuedAt, expiresAt: issuedAt + lifetime });
      return token;
    },
    find: (token) => tokens.get(token),
    revoke,
    revokeAll: (oid) => {
      for (const issued of tokens.values()) {
        if (issued.grant.user.oid === oid) revoke(issued);
      }
    },
    ofUser: (oid) =>
      [...tokens.values()].filter(
        ({ grant, expiresAt, revokedAt }) =>
          grant.user.oid === oid && revokedAt === undefined && clock.seconds() < expiresAt,
      ),
  };
}
