import type { Call, Farm } from "./farm.js";
import { atOnce } from "./load.js";
import type { Redeemed, StrictAuthority } from "./strict-authority.js";

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Users of a website, as the website's sessions know them. */
export interface Crowd {
  readonly names: readonly string[];
  readonly signedIn: Set<string>;
  /** Whether all requests of a user reach the same process. Otherwise, each may reach any. */
  readonly sticky: boolean;
}

/** What an hour of web traffic came to. */
export interface Hour {
  readonly calls: number;
  /** Sign-ins whose tokens had expired and were asked for. */
  readonly refreshesDue: number;
  /** Assertions that an API has been called with. */
  readonly onBehalfOfDue: number;
  readonly refreshes: number;
  readonly onBehalfOf: number;
  /** What went wrong, in words. */
  readonly faults: readonly string[];
}

interface Planned {
  readonly user: string;
  readonly call: Call;
}

/** How the users of one hour behave, as parts of one. */
const ACTIVE = 0.8;
const CALLS_AN_API = 0.5;
const SIGNS_OUT = 0.05;

/** Signs everybody in who is signed out, each at any of the processes. */
export async function signIn(farm: Farm, authority: StrictAuthority, crowd: Crowd, random: () => number) {
  const away = crowd.names.filter((name) => !crowd.signedIn.has(name));
  const plan = away.map((user) => ({ user, call: { call: "signIn", code: authority.code(user) } }) as const);
  const outcomes = await spread(farm, plan, crowd.sticky ? undefined : random);
  for (const { user } of plan) crowd.signedIn.add(user);
  return outcomes.flatMap(({ user, outcome }) => faultOf(user, outcome, false));
}

/**
 * An hour of web traffic. An active user makes one to four requests, about at the same time, which reach any of the
 * processes. Some of them call an API, some of them sign out while their other requests are answered.
 */
export async function hourOfTraffic(
  farm: Farm,
  authority: StrictAuthority,
  { crowd, hour, random }: { readonly crowd: Crowd; readonly hour: number; readonly random: () => number },
): Promise<Hour> {
  const plan: Planned[] = [];
  const leaving = new Set<string>();
  for (const user of shuffled(crowd.names, random)) {
    if (!crowd.signedIn.has(user) || random() > ACTIVE) continue;
    const id = authority.homeAccountId(user);
    const requests: Call[] = Array.from({ length: 1 + Math.floor(random() * 4) }, () => ({
      call: "silent",
      id,
    }));
    if (random() < SIGNS_OUT) {
      leaving.add(user);
      requests.splice(Math.floor(random() * (requests.length + 1)), 0, { call: "signOut", id });
    } else if (random() < CALLS_AN_API) {
      const call = { call: "onBehalfOf", assertion: authority.assertion(user, hour) } as const;
      requests.push(...Array.from({ length: 1 + Math.floor(random() * 3) }, () => call));
    }
    plan.push(...requests.map((call) => ({ user, call })));
  }
  authority.taken();
  const outcomes = await spread(farm, plan, crowd.sticky ? undefined : random);
  for (const user of leaving) crowd.signedIn.delete(user);
  return counted(outcomes, leaving, authority.taken());
}

interface Outcome extends Planned {
  readonly outcome: string;
}

function counted(
  outcomes: readonly Outcome[],
  leaving: ReadonlySet<string>,
  redeemed: readonly Redeemed[],
): Hour {
  const faults = outcomes.flatMap(({ user, outcome }) => faultOf(user, outcome, leaving.has(user)));
  // A token of the hour before has expired, so every family that a caller got a token of was due.
  const familiesOf = (call: Call["call"]): ReadonlySet<string> =>
    new Set(
      outcomes.flatMap((one) =>
        one.call.call === call && one.outcome.includes("/") ? [one.outcome.split("/")[1] ?? ""] : [],
      ),
    );
  const count = (grant: Redeemed["grant"]) => redeemed.filter((one) => one.grant === grant);
  const refreshes = count("refresh");
  // Of one who signs out, the refresh may come first and every answer after.
  const due = new Set(familiesOf("silent"));
  for (const { user, family } of refreshes) if (leaving.has(user)) due.add(family);
  return {
    calls: outcomes.length,
    refreshesDue: due.size,
    onBehalfOfDue: familiesOf("onBehalfOf").size,
    refreshes: refreshes.length,
    onBehalfOf: count("on_behalf_of").length,
    faults,
  };
}

const HAS_LEFT: ReadonlySet<string> = new Set(["signed out", "!no_tokens_found", "!cache_store_unavailable"]);

/**
 * Anything but a token of this user; one who is leaving may also be told that they have left, or that this cannot be known
 * while the store is away.
 */
function faultOf(user: string, outcome: string, isLeaving: boolean): readonly string[] {
  if (outcome.startsWith(`${user}/`) || (isLeaving && HAS_LEFT.has(outcome))) return [];
  return [`${user}: ${outcome}`];
}

/**
 * Sends each request to any process, or those of a user to the same one. Every process gets them in the same order, so
 * a user's are made about at once.
 */
async function spread(
  farm: Farm,
  plan: readonly Planned[],
  random: (() => number) | undefined,
): Promise<readonly Outcome[]> {
  const shares = farm.workers.map((): Planned[] => []);
  for (const planned of plan) {
    const place = random
      ? Math.floor(random() * shares.length)
      : Number(planned.user.slice(1)) % shares.length;
    shares[place]?.push(planned);
  }
  const answered = await Promise.all(
    shares.map(async (share, index) => {
      const calls = share.map(({ call }) => call);
      const outcomes = await farm.worker(index).doAll(calls, atOnce);
      return share.map((planned, place) => ({ ...planned, outcome: outcomes[place] ?? "" }));
    }),
  );
  return answered.flat();
}

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, place: random() }))
    .sort((one, other) => one.place - other.place)
    .map(({ value }) => value);
}
