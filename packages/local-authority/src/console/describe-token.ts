import { readJwt, verifyOwnJwt } from "../crypto/jwt.js";
import { claimNotes } from "./notes.js";

/** A member of a token's header or payload. */
export interface DescribedClaim {
  readonly name: string;
  readonly value: unknown;
  readonly note?: string;
  /** A time, in words. */
  readonly words?: string;
}

/** A JWT, taken apart. Its signature is left out, so it cannot be used. */
export interface DescribedToken {
  readonly header: readonly DescribedClaim[];
  readonly claims: readonly DescribedClaim[];
  readonly signature: string;
}

/** @param now seconds since the epoch @returns `undefined` if the text is not a JWT */
export async function describeToken(text: string, now: number): Promise<DescribedToken | undefined> {
  const isUnsigned = text.endsWith(".");
  const jwt = readJwt(isUnsigned ? `${text}none` : text);
  if (jwt === undefined) return undefined;
  const isOwn = (await verifyOwnJwt(text)) !== undefined;
  return {
    header: describeClaims({ ...jwt.header }, now),
    claims: describeClaims(jwt.claims, now),
    signature: isUnsigned
      ? "none"
      : isOwn
        ? "valid, made with this authority's key"
        : "not made with this authority's key",
  };
}

function describeClaims(values: Readonly<Record<string, unknown>>, now: number): readonly DescribedClaim[] {
  return Object.entries(values).map(([name, value]) => {
    const note = Object.hasOwn(claimNotes, name) ? claimNotes[name] : undefined;
    const isTime = times.includes(name) && typeof value === "number";
    return { name, value, note, ...(isTime ? { words: timeInWords(value, now) } : {}) };
  });
}

const times: readonly string[] = ["auth_time", "exp", "iat", "nbf"];

/** For example `2030-01-01T12:00:00Z, in 59 minutes`. */
export function timeInWords(seconds: number, now: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return "not a time";
  const distance = Math.round(seconds - now);
  const [amount, unit] = inUnits(Math.abs(distance));
  const length = `${amount} ${unit}${amount === 1 ? "" : "s"}`;
  const words = distance === 0 ? "now" : distance > 0 ? `in ${length}` : `${length} ago`;
  return `${date.toISOString().replace(".000Z", "Z")}, ${words}`;
}

function inUnits(seconds: number): readonly [number, string] {
  if (seconds < 120) return [seconds, "second"];
  if (seconds < 7200) return [Math.round(seconds / 60), "minute"];
  return seconds < 172_800 ? [Math.round(seconds / 3600), "hour"] : [Math.round(seconds / 86_400), "day"];
}
