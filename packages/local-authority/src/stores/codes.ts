import type { AuthorityClock } from "../clock.js";
import type { SignIn } from "./sessions.js";
import { randomHandle } from "../opaque.js";

/** What an authorization code stands for (RFC 6749 §4.1.2). */
export interface CodeGrant extends SignIn {
  readonly clientId: string;
  readonly redirectUri: string;
  /** Where it is good: see `realmOf`. */
  readonly realm: string;
  readonly scope: string;
  readonly resource?: string;
  readonly tenantId: string;
  readonly nonce?: string;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod?: string;
  readonly claims?: string;
  readonly maxAge?: string;
}

export interface IssuedCode {
  readonly grant: CodeGrant;
  readonly expiresAt: number;
  redeemed: boolean;
}

export interface CodeStore {
  issue(grant: CodeGrant): string;
  find(code: string): IssuedCode | undefined;
}

/** Redeemed and expired codes stay: the error for each is another one than for an unknown code. */
export function createCodeStore(clock: AuthorityClock, lifetime: number): CodeStore {
  const codes = new Map<string, IssuedCode>();
  return {
    issue: (grant) => {
      const code = `1.${randomHandle()}`;
      codes.set(code, { grant, expiresAt: clock.seconds() + lifetime, redeemed: false });
      return code;
    },
    find: (code) => codes.get(code),
  };
}
