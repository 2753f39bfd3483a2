import { marginOf, SingleFlight } from "@tessera/core/internal";
import type { Unavailable } from "../source.js";
import { createAccountWatch } from "./account-watch.js";
import type { CommandLine, PrintedToken } from "./command-line.js";

/** A token in memory. Times are in milliseconds since the epoch. */
export interface KeptToken extends PrintedToken {
  readonly expiresOn: number;
  readonly hasAssumedLifetime: boolean;
  /** Until when it is returned without asking the tool again. */
  readonly freshUntil: number;
}

export type Answer = KeptToken | Unavailable;

/** The tokens of one tool, until they expire or another account is signed in. */
export interface KeptTokens {
  find(key: string, now: number): KeptToken | undefined;
  /** Forgets a token that an API has refused. */
  forget(accessToken: string): void;
  /** Asks once for all concurrent callers with the same key and claims, and keeps the token under the key. */
  renew(
    key: string,
    claims: string | undefined,
    signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer>;
}

/** The lifetime of a token whose tool does not tell it. */
const ASSUMED_LIFETIME_MS = 3_600_000;

/** More tokens than this are of callers who vary their scopes; the oldest is forgotten. */
const MOST_TOKENS = 1_000;

const stores = new Map<string, KeptTokens>();

/** All credentials of the process share the tokens of a tool with the same configuration folder. */
export function keptTokensOf({ name, accountFiles }: CommandLine): KeptTokens {
  const files = accountFiles();
  const key = [name, ...files.map(({ folder }) => folder)].join("\n");
  const known = stores.get(key);
  if (known) return known;

  const tokens = new Map<string, KeptToken>();
  const flights = new SingleFlight();
  let generation = 0;
  const watch = createAccountWatch(files, () => {
    generation += 1;
    tokens.clear();
  });
  const created: KeptTokens = {
    find(asked, now) {
      const token = tokens.get(asked);
      return token && now < token.freshUntil ? token : undefined;
    },
    forget(accessToken) {
      for (const [asked, token] of tokens) if (token.accessToken === accessToken) tokens.delete(asked);
    },
    async renew(asked, claims, signal, ask) {
      // Watched from before the start on: a sign-in while the tool runs must not be missed.
      const isWatched = watch.start();
      const started = generation;
      return flights.run(`${started}\n${asked}\n${claims ?? ""}`, signal, async (shared) => {
        const answer = await ask(shared ?? new AbortController().signal);
        if (!("unavailable" in answer) && isWatched && started === generation) keep(tokens, asked, answer);
        return answer;
      });
    },
  };
  stores.set(key, created);
  return created;
}

function keep(tokens: Map<string, KeptToken>, key: string, token: KeptToken): void {
  tokens.delete(key);
  tokens.set(key, token);
  const [oldest] = tokens.keys();
  if (tokens.size > MOST_TOKENS && oldest !== undefined) tokens.delete(oldest);
}

/** A token with the time at which it is to be renewed. */
export function keptToken(token: PrintedToken, now: number): KeptToken {
  const { expiresOn = now + ASSUMED_LIFETIME_MS } = token;
  const margin = marginOf((expiresOn - now) / 1000, undefined) * 1000;
  return {
    ...token,
    expiresOn,
    hasAssumedLifetime: token.expiresOn === undefined,
    freshUntil: expiresOn - margin,
  };
}
