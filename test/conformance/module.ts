import { expect } from "@jest/globals";
import {
  channelsOf,
  expectRefused,
  type IssuedIdToken,
  type RelyingParty,
  type Script,
} from "./relying-party.js";

/** A module of the conformance suite: a test, or the reason why there is none. */
export type Module = Test | { readonly doesNotApply: string };

export interface Test {
  /** What is special about the provider, or about what the relying party must do. */
  readonly when: string;
  readonly play: (rp: RelyingParty) => Promise<unknown>;
}

/** The user is signed in. */
export function signsIn(when: string, script: Script = {}): Test {
  return {
    when,
    play: async (rp) => {
      expect(await rp.signIn(script)).toMatchObject({ fromCache: false, idTokenClaims: { sub: "user-1" } });
      expect(await rp.app.getAllAccounts()).toHaveLength(1);
    },
  };
}

/** The ID token is refused, through whichever channel of the variant it comes. */
export function refusesIdToken(
  when: string,
  idToken: IssuedIdToken | ((rp: RelyingParty) => IssuedIdToken),
  says: RegExp,
  script: Script = {},
): Test {
  return {
    when,
    play: async (rp) => {
      const bad = typeof idToken === "function" ? idToken(rp) : idToken;
      for (const channel of channelsOf(rp.variant))
        await expectRefused(rp, { ...script, [channel]: bad }, { says, sendsCode: channel === "back" });
    },
  };
}
