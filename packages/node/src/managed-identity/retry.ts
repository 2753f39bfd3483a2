import { mayPass, type Schedule } from "@tessera/core/internal";

// What the hosts prescribe. `docs/reliability.md` shows it as rows of the retry policy.

/** Milliseconds for all attempts of one call together, including the pauses. */
export const BUDGET_MS = 120_000;

const MAX_RETRIES = 3;
const GONE = 410;

const USUAL_STATUSES: ReadonlySet<number> = new Set([404, 408, 429, 500, 503, 504]);

/** The policy of all sources but IMDS: three retries, a second apart. */
export const usualRetries: Schedule = (statuses) =>
  USUAL_STATUSES.has(statuses.at(-1) ?? 0) && statuses.length <= MAX_RETRIES ? 1000 : undefined;

/** IMDS responds 410 during an update, which takes up to 70 seconds. */
const GONE_PAUSE_MS = 10_000;
const MAX_GONE_RETRIES = 7;
const IMDS_PAUSES_MS = [1000, 2000, 4000];

/** The policy of IMDS: three retries after 1, 2 and 4 seconds, or a retry every ten seconds during an update. */
export const imdsRetries: Schedule = (statuses) => {
  const status = statuses.at(-1) ?? 0;
  const gone = statuses.filter((each) => each === GONE).length;
  if (status === GONE) return gone <= MAX_GONE_RETRIES ? GONE_PAUSE_MS : undefined;
  if (status !== 404 && !mayPass(status)) return undefined;
  const most = gone > 0 ? MAX_GONE_RETRIES : MAX_RETRIES;
  return statuses.length <= most ? (IMDS_PAUSES_MS[statuses.length - 1] ?? 4000) : undefined;
};
