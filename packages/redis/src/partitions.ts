import { pause, systemClock, type PartitionUpdate, type UpdateOutcome } from "@tessera/core/internal";
import type { Commands } from "./commands.js";
import type { Reply } from "./connection/connection.js";
import { newVersion, type Content, type Envelope, type Opened } from "./envelope.js";
import { storeFailed } from "./errors.js";
import type { Names, PartitionKeys } from "./names.js";
import { DELIST, ENLIST, STORE } from "./scripts.js";

/** The group whose members are so many that its index is spread over the slots. */
export const USERS = "users";

/** The dependencies of {@link Partitions}. */
export interface PartitionParts {
  readonly commands: Commands;
  readonly names: Names;
  readonly envelope: Envelope;
  /** In seconds. */
  readonly maxLifetime: number;
  /** The channel for messages about changes, or an empty string. */
  readonly channel: () => string;
  /** Called for each value that cannot be read and therefore counts as absent. */
  readonly onUnreadable: (why: string) => void;
  readonly onConflict: () => void;
  readonly random: () => number;
}

/** A partition that can be read. */
export type Readable = Content & { readonly version: string };

/** What is stored under a key; `content` is absent if it cannot be read. */
interface Found {
  readonly version: string;
  readonly content: Readable | undefined;
}

const ABSENT: Found = { version: "", content: undefined };

/** Maximum number of attempts at a change when other writers are first. */
const MAX_ATTEMPTS = 32;
const LONGEST_PAUSE_MS = 50;

export class Partitions {
  readonly #parts: PartitionParts;

  constructor(parts: PartitionParts) {
    this.#parts = parts;
  }

  async load(partition: string, { value }: PartitionKeys): Promise<Readable | "absent" | "unavailable"> {
    const reply = await this.#parts.commands.read("GET", [value]);
    if (reply === "unavailable") return reply;
    return this.#found(value, partition, this.#open(value, reply)).content ?? "absent";
  }

  async update(
    partition: string,
    keys: PartitionKeys,
    change: (current: string | undefined) => PartitionUpdate,
    fence: string,
  ): Promise<UpdateOutcome> {
    const { commands, onConflict, random } = this.#parts;
    let reply = await commands.read("GET", [keys.value]);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      if (reply === "unavailable") return reply;
      const current = this.#found(keys.value, partition, this.#open(keys.value, reply));
      const update = change(current.content?.document);
      if (update === "keep") return { version: current.content?.version };
      const outcome = await this.#store({ partition, keys, current, update, fence });
      if (typeof outcome === "string" || "version" in outcome) return outcome;
      onConflict();
      // The answer has what was first. Of many writers, each is first sooner or later.
      if (attempt > 1)
        await pause(systemClock, random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS), undefined);
      reply = attempt > 1 ? await commands.read("GET", [keys.value]) : outcome.conflict;
    }
    return "unavailable";
  }

  /** Reads a value that is listed; `undefined` if it cannot be read. One value of another program hides no user. */
  listed(key: string, reply: Reply): Readable | undefined {
    const opened = this.#open(key, reply);
    if (opened !== "foreign") return this.#found(key, undefined, opened).content;
    this.#parts.onUnreadable(opened);
    return undefined;
  }

  async #store({
    partition,
    keys,
    current,
    update,
    fence,
  }: {
    readonly partition: string;
    readonly keys: PartitionKeys;
    readonly current: Found;
    readonly update: Exclude<PartitionUpdate, "keep">;
    readonly fence: string;
  }): Promise<UpdateOutcome | { readonly conflict: Reply }> {
    const { commands, envelope, maxLifetime, channel } = this.#parts;
    const isRemoval = update === "remove";
    const group = isRemoval ? undefined : update.group;
    const timeToLive = isRemoval ? 0 : Math.min(update.timeToLive ?? maxLifetime, maxLifetime);
    const ttl = String(Math.max(1, Math.ceil(timeToLive * 1000)));
    const delist = await this.#delisting(keys, current.content?.group, group);
    if (delist === "unavailable") return delist;
    if (group !== undefined && group !== USERS) {
      // First the index, so that there is never a partition that is not listed.
      const enlisted = await commands.write(ENLIST, [this.#parts.names.group(group)], [keys.member, ttl]);
      if (enlisted === "unavailable") return enlisted;
    }
    const version = newVersion();
    const value = isRemoval
      ? ""
      : envelope.seal(keys.value, version, { partition, group: update.group, document: update.document });
    const isListed = group === USERS;
    const member = isListed || current.content?.group === USERS ? keys.member : "";
    const reply = await commands.write(
      STORE,
      [keys.value, ...(fence ? [keys.turn] : []), ...(member ? [keys.users] : [])],
      [current.version, value, version, ttl, fence, channel(), member, isListed ? "1" : ""],
    );
    if (reply === "unavailable") return reply;
    const [outcome, found = null] = Array.isArray(reply) ? (reply as readonly Reply[]) : [];
    switch (String(outcome)) {
      case "stored":
        await delist();
        return { version: isRemoval ? undefined : version };
      case "conflict":
        return { conflict: found };
      case "fenced":
        return "fenced";
      default:
        throw foreign(keys.value);
    }
  }

  /** Notes how a partition is listed in a group that it leaves. Returns what takes it off, once it has left. */
  async #delisting(
    { member }: PartitionKeys,
    before: string | undefined,
    after: string | undefined,
  ): Promise<(() => Promise<unknown>) | "unavailable"> {
    const { commands, names } = this.#parts;
    if (before === undefined || before === after || before === USERS) return async () => undefined;
    const index = names.group(before);
    const score = await commands.read("ZSCORE", [index], [member]);
    if (score === "unavailable") return score;
    return async () => score !== null && commands.write(DELIST, [index], [member, String(score)]);
  }

  #open(key: string, reply: Reply): Opened | undefined {
    if (reply === null) return undefined;
    return Buffer.isBuffer(reply) ? this.#parts.envelope.open(key, reply) : "foreign";
  }

  #found(key: string, partition: string | undefined, opened: Opened | undefined): Found {
    if (!opened) return ABSENT;
    if (opened === "foreign") throw foreign(key);
    if ("unreadable" in opened) {
      this.#parts.onUnreadable(opened.unreadable);
      return { version: opened.version, content: undefined };
    }
    const isOwn = partition === undefined ? this.#keyOf(opened) === key : opened.partition === partition;
    if (isOwn) return { version: opened.version, content: opened };
    this.#parts.onUnreadable("damaged");
    return { version: opened.version, content: undefined };
  }

  #keyOf({ partition }: Content): string {
    return this.#parts.names.partition(partition).value;
  }
}

function foreign(key: string): Error {
  return storeFailed(
    `The Redis key ${key} has a value of another program: choose another prefix for the store, or remove the key.`,
  );
}
