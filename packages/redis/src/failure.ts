import { errorName, errorText } from "@tessera/core/internal";
import type { RedisConnection } from "./connection/connection.js";

/** What a failed command says about the server. */
export interface CommandFailure {
  /** For statistics and the log, such as `"READONLY"` or `"connection"`. */
  readonly kind: string;
  /**
   * Whether nothing works at present, or only reading does, or all but this key; `"none"`: the server answers, and what was
   * asked is wrong.
   */
  readonly unavailable: "all" | "writes" | "key" | "none";
  /** Whether it may be over in a moment; `"elsewhere"`: if another server takes over. */
  readonly passes: "soon" | "elsewhere" | "no";
}

type Meaning = Pick<CommandFailure, "unavailable" | "passes">;

const lasts = (unavailable: CommandFailure["unavailable"]): Meaning => ({ unavailable, passes: "no" });
const passes = (unavailable: CommandFailure["unavailable"], when: "soon" | "elsewhere"): Meaning => ({
  unavailable,
  passes: when,
});

/** Words that a server's error begins with, what still works after it, and for how long it is like that. */
const BY_WORD: Readonly<Record<string, Meaning>> = {
  LOADING: passes("all", "soon"),
  TRYAGAIN: passes("key", "soon"),
  MASTERDOWN: passes("all", "elsewhere"),
  CLUSTERDOWN: passes("all", "elsewhere"),
  // The client has followed them as often as it may, or cannot.
  MOVED: passes("all", "elsewhere"),
  ASK: passes("all", "elsewhere"),
  READONLY: passes("writes", "elsewhere"),
  // A new master has no replica until the old one follows it.
  NOREPLICAS: passes("writes", "elsewhere"),
  BUSY: lasts("all"),
  NOAUTH: lasts("all"),
  WRONGPASS: lasts("all"),
  OOM: lasts("writes"),
  MISCONF: lasts("writes"),
  // Reading takes fewer rights.
  NOPERM: lasts("writes"),
  WRONGTYPE: lasts("none"),
};

const WORDS = new RegExp(`(?:^|[\\s:-])(${Object.keys(BY_WORD).join("|")})\\b`);

/** Words of a server's error that are not listed above: what was asked is wrong. */
const OTHER_REPLY = /^[A-Z][A-Z0-9]+ /;

/**
 * Reads what an error says. It goes by the text: the classes of the libraries differ, and between two copies of one as
 * well. A server before version 7 puts the word of an error inside a script behind other text.
 */
export function failureOf(error: unknown): CommandFailure {
  const text = errorText(error);
  const word = WORDS.exec(text)?.[1];
  const isReply = OTHER_REPLY.test(text);
  const meaning = word === undefined ? undefined : BY_WORD[word];
  if (word !== undefined && meaning && (isReply || text.startsWith(word))) return { kind: word, ...meaning };
  if (isReply) return { kind: "reply", ...lasts("none") };
  // `ClusterAllFailedError` of ioredis says nothing itself.
  const last = (error as { lastNodeError?: unknown } | undefined)?.lastNodeError;
  if (last !== undefined && last !== error) return failureOf(last);
  // A time limit of the library's own was the wait for it.
  const when = /\btime(?:d |-)?out\b/i.test(text) ? lasts("all") : passes("all", "soon");
  return { kind: connectionKind(error), ...when };
}

/** Whether a failure may be over in a moment, for a client that is not closed. */
export function mayPass({ passes: when }: CommandFailure, { kind, isOpen }: Endpoint): boolean {
  return isOpen() && (when === "soon" || (when === "elsewhere" && kind !== "alone"));
}

type Endpoint = Pick<RedisConnection, "kind" | "isOpen">;

function connectionKind(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === "string") return code;
  const name = errorName(error);
  return name === "Error" ? "connection" : name;
}
