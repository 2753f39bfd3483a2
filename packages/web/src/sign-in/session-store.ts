import { sha256Base64Url } from "@tessera/core/internal";
import type { UseOnce } from "@tessera/node";
import type { WebStore } from "../web-store.js";

/** What the processes of a site know of its sessions. Each method does nothing that has to be done in one step with another. */
export interface SessionRecords {
  begin(session: RecordedSession): Promise<void>;
  /** Whether a session has not been ended, here or at the provider. */
  isAlive(session: RecordedSession): Promise<boolean>;
  /** Ends one session. */
  end(id: string): Promise<void>;
  /** Ends the sessions of a provider's session. Returns their ids. */
  endOfProvider(issuer: string, sid: string): Promise<readonly string[]>;
  /**
   * Ends the sessions that a user of a provider has now.
   *
   * @param isOfAll whether it ends all, or those that do not know the provider's session
   */
  endOfUser(user: { readonly issuer: string; readonly subject: string }, isOfAll: boolean): Promise<void>;
}

/** The parts of a session that records are kept by. */
export interface RecordedSession {
  readonly id: string;
  readonly issuer: string;
  readonly subject: string;
  readonly sid?: string;
  readonly begunAt: number;
}

/** Sessions of one provider's session: a browser with more signs in again and again, and the last ones count. */
const MOST_SESSIONS = 20;

/** Creates the records of a site's sessions. */
export function createSessionRecords(
  store: WebStore,
  { maxSeconds, now }: { readonly maxSeconds: number; readonly now: () => number },
): SessionRecords {
  const end = async (id: string): Promise<void> => {
    await store.delete(sessionName(id));
  };
  return {
    end,
    async begin({ id, sid }) {
      await store.set(sessionName(id), "1", maxSeconds);
      if (sid === undefined) return;
      const others = ((await store.get(sidName(sid))) ?? "").split(" ").filter((other) => other !== "");
      await store.set(sidName(sid), [...others, id].slice(-MOST_SESSIONS).join(" "), maxSeconds);
    },
    async isAlive({ id, issuer, subject, sid, begunAt }) {
      const [own, provider, ended] = await Promise.all([
        store.get(sessionName(id)),
        // A session of the provider that is over has no record, whatever became of the list of its sessions here.
        sid === undefined ? "1" : store.get(sidName(sid)),
        store.get(userName(issuer, subject)),
      ]);
      if (own == null || provider == null) return false;
      if (ended == null) return true;
      const [all = "0", unnamed = "0"] = ended.split(" ");
      return begunAt > Number(all) && (sid !== undefined || begunAt > Number(unnamed));
    },
    async endOfProvider(issuer, sid) {
      const ids = ((await store.take(sidName(sidHash(issuer, sid)))) ?? "")
        .split(" ")
        .filter((id) => id !== "");
      await Promise.all(ids.map(end));
      return ids;
    },
    async endOfUser({ issuer, subject }, isOfAll) {
      const name = userName(issuer, subject);
      const [all = "0"] = ((await store.get(name)) ?? "0").split(" ");
      await store.set(name, `${isOfAll ? now() : all} ${now()}`, maxSeconds);
    },
  };
}

/** Returns the record of what has been used in all processes. */
export function usedIn(store: WebStore): UseOnce {
  return async (key, seconds) => {
    const name = `used:${sha256Base64Url(key)}`;
    if (store.add) return store.add(name, "1", seconds);
    if ((await store.get(name)) != null) return false;
    await store.set(name, "1", seconds);
    return true;
  };
}

/** Notes a sign-in that has been begun, so that it can be taken once. */
export async function noteFlow(store: WebStore, state: string, seconds: number): Promise<void> {
  await store.set(`flow:${sha256Base64Url(state)}`, "1", seconds);
}

/** Takes a sign-in. The state is the key: the flow that is completed has no other. */
export function takenFrom(store: WebStore): UseOnce {
  return async (state) => (await store.take(`flow:${sha256Base64Url(state)}`)) != null;
}

/** Returns what a provider's session is known by. */
export function sidHash(issuer: string, sid: string): string {
  return sha256Base64Url(JSON.stringify([issuer, sid]));
}

const sessionName = (id: string): string => `session:${sha256Base64Url(id)}`;
const sidName = (sid: string): string => `sid:${sid}`;
const userName = (issuer: string, subject: string): string =>
  `user:${sha256Base64Url(JSON.stringify([issuer, subject]))}`;

/** A database shows no id of a session that could be used, whatever becomes of the secrets. */
