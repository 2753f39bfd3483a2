import { randomInt } from "node:crypto";
import type { SignInRequest } from "../authorization-request.js";
import type { AuthorityClock } from "../clock.js";
import type { DeviceCodeSettings } from "../config.js";
import { randomHandle } from "../opaque.js";
import type { SignIn } from "./sessions.js";

/** What a device asked for (RFC 8628 §3.1). */
export type DeviceGrant = Pick<SignInRequest, "app" | "at" | "scope" | "resource" | "scopes" | "claims">;

export interface IssuedDeviceCode {
  readonly grant: DeviceGrant;
  readonly expiresAt: number;
  /** What the user has decided; absent as long as there is nothing. */
  decision?: { readonly signIn: SignIn } | "declined";
  redeemed: boolean;
  /** When it may be asked about again, milliseconds since the epoch. */
  nextPollAt: number;
  /** Between two polls, seconds; grows with every `slow_down`. */
  interval: number;
}

export interface DeviceCodeStore {
  issue(grant: DeviceGrant): { readonly deviceCode: string; readonly userCode: string };
  find(deviceCode: string): IssuedDeviceCode | undefined;
  /** The code that a user has typed, in any case and with any separators, while somebody still waits for it. */
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
        // The first poll may come at once: clients differ in whether they wait before it.
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
      const waits =
        issued !== undefined && issued.decision === undefined && clock.seconds() < issued.expiresAt;
      return waits ? issued : undefined;
    },
  };
}

/** RFC 8628 §6.1: consonants only, so that no word appears and no two letters look alike. */
function randomUserCode(): string {
  const letters = "BCDFGHJKLMNPQRSTVWXZ";
  return Array.from({ length: 9 }, () => letters[randomInt(letters.length)]).join("");
}
