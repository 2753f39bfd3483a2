import { randomInt } from "node:crypto";
import type { SignInRequest } from "./sign-in-request.js";
import type { AuthorityClock } from "../clock.js";
import type { DeviceCodeSettings } from "../config/config.js";
import { randomHandle } from "../crypto/opaque.js";
import type { SignIn } from "./sessions.js";

/** The parameters of a device authorization request (RFC 8628 §3.1). */
export type DeviceGrant = Pick<SignInRequest, "app" | "at" | "scope" | "resource" | "scopes" | "claims">;

export interface IssuedDeviceCode {
  readonly grant: DeviceGrant;
  readonly expiresAt: number;
  /** The user's decision; absent until there is one. */
  decision?: { readonly signIn: SignIn } | "declined";
  redeemed: boolean;
  /** Earliest time of the next poll, in milliseconds since the epoch. */
  nextPollAt: number;
  /** Polling interval in seconds; grows with every `slow_down`. */
  interval: number;
}

/** A sign-in on behalf of a device whose user code was entered in a browser (RFC 8628 §3.3). */
export interface DeviceRequest extends SignInRequest {
  readonly device: IssuedDeviceCode;
}

export interface DeviceCodeStore {
  issue(grant: DeviceGrant): { readonly deviceCode: string; readonly userCode: string };
  find(deviceCode: string): IssuedDeviceCode | undefined;
  /** Finds a user code that is neither decided nor expired. Case and separators are ignored. */
  findWaiting(userCode: string): IssuedDeviceCode | undefined;
}

export function createDeviceCodeStore(clock: AuthorityClock, settings: DeviceCodeSettings): DeviceCodeStore {
  const byDevice = new Map<string, IssuedDeviceCode>();
  const byUser = new Map<string, IssuedDeviceCode>();
  return {
    issue: (grant) => {
      const { interval, lifetime } = settings;
      const issued = {
        grant,
        expiresAt: clock.seconds() + lifetime,
        redeemed: false,
        // The first poll is accepted at any time, since not all clients wait before it.
        nextPollAt: 0,
        interval,
      };
      const codes = { deviceCode: `1.${randomHandle()}`, userCode: randomUserCode() };
      byDevice.set(codes.deviceCode, issued);
      byUser.set(codes.userCode, issued);
      return codes;
    },
    find: (deviceCode) => byDevice.get(deviceCode),
    findWaiting: (userCode) => {
      const issued = byUser.get(userCode.toUpperCase().replace(/[^A-Z]/g, ""));
      const isPending =
        issued !== undefined && issued.decision === undefined && clock.seconds() < issued.expiresAt;
      return isPending ? issued : undefined;
    },
  };
}

/** RFC 8628 §6.1: consonants only, so that no word appears and no two letters look alike. */
function randomUserCode(): string {
  const letters = "BCDFGHJKLMNPQRSTVWXZ";
  return Array.from({ length: 9 }, () => letters[randomInt(letters.length)]).join("");
}
