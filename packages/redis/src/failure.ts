import { errorName, errorText } from "@tessera/core/internal";

/** What a failed command says about the server. */
export interface CommandFailure {
  /** For statistics and the log, such as `"READONLY"` or `"connection"`. */
  readonly kind: string;
  /**
   * Whether nothing works at present, or only reading does, or all but this key; `"none"`: the server answers, and what was
   * asked is wrong.
   */
  readonly unavailable: "all" | "writes" | "key" | "none";
}

/** Words that a server's error begins with, and what still works after it. */
const BY_WORD: Readonly<Record<string, CommandFailure["unavailable"]>> = {
  LOADING: "all",
  MASTERDOWN: "all",
  CLUSTERDOWN: "all",
  TRYAGAIN: "key",
  BUSY: "all",
  // The client has followed them as often as it may, or cannot.
  MOVED: "all",
  ASK: "all",
  NOAUTH: "all",
  WRONGPASS: "all",
  READONLY: "writes",
  OOM: "writes",
  NOREPLICAS: "writes",
  MISCONF: "writes",
  // Reading takes fewer rights.
  NOPERM: "writes",
  WRONGTYPE: "none",
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
  if (word !== undefined && (isReply || text.startsWith(word))) {
    return { kind: word, unavailable: BY_WORD[word] ?? "none" };
  }
  if (isReply) return { kind: "reply", unavailable: "none" };
  // `ClusterAllFailedError` of ioredis says nothing itself.
  const last = (error as { lastNodeError?: unknown } | undefined)?.lastNodeError;
  if (last !== undefined && last !== error) return failureOf(last);
  return { kind: connectionKind(error), unavailable: "all" };
}

function connectionKind(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === "string") return code;
  const name = errorName(error);
  return name === "Error" ? "connection" : name;
}
