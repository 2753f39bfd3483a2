import type { AuthorityClock } from "../clock.js";
import type { SignIn } from "./sessions.js";
import { randomHandle } from "../crypto/opaque.js";

/** The grant that an authorization code represents (RFC 6749 §4.1.2). */
export interface CodeGrant extends SignIn {
  readonly clientId: string;
  readonly redirectUri: string;
  /** Where the code is accepted: see `realmOf`. */
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

/** Keeps redeemed and expired codes, since their errors differ from that of an unknown code. */
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
