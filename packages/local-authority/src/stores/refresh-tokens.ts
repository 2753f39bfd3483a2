import type { AuthorityClock } from "../clock.js";
import { randomHandle } from "../opaque.js";
import type { SignIn } from "./sessions.js";

export interface RefreshTokenGrant extends SignIn {
  readonly clientId: string;
  readonly familyId?: string;
  /** Where it is good: see `realmOf`. */
  readonly realm: string;
  /** The scopes of the first request: what a refresh without `scope` means (RFC 6749 §6). */
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
  /** Every token of one user, as `revokeSignInSessions` does. */
  revokeAll(oid: string): void;
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
  };
}
