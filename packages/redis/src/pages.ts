import type { PartitionPage } from "@tessera/core/internal";
import type { Commands } from "./commands.js";
import type { Reply } from "./connection/connection.js";
import { BUCKETS, type Names } from "./names.js";
import { USERS, type Partitions, type Readable } from "./partitions.js";
import { PAGE } from "./scripts.js";

const PAGE_SIZE = 100;
/** How many indexes are asked at once for the first and for later steps of a page. */
const FIRST_STEP = 4;
const LONGEST_STEP = 128;

/** Members of one index, and where the rest begins. */
interface Members {
  readonly bucket: number;
  readonly keys: readonly string[];
  readonly rest: string | undefined;
}

/** Reads the partitions of a group, a page at a time. */
export class Pages {
  readonly #commands: Commands;
  readonly #names: Names;
  readonly #partitions: Partitions;

  constructor(commands: Commands, names: Names, partitions: Partitions) {
    this.#commands = commands;
    this.#names = names;
    this.#partitions = partitions;
  }

  async list(group: string, cursor: string | undefined): Promise<PartitionPage | "unavailable"> {
    return group === USERS ? this.#users(cursor) : this.#group(group, cursor);
  }

  async #group(group: string, cursor: string | undefined): Promise<PartitionPage | "unavailable"> {
    const members = await this.#members(0, this.#names.group(group), cursor);
    if (members === "unavailable") return members;
    // Each is in a slot of its own.
    const read = async (key: string) => this.#commands.read("GET", [key]);
    const replies = await Promise.all(members.keys.map(read));
    if (!areAll(replies)) return "unavailable";
    return this.#page(group, members.keys, replies, members.rest);
  }

  async #users(cursor: string | undefined): Promise<PartitionPage | "unavailable"> {
    const [first = "0", after] = cursor?.split(" ") ?? [];
    const taken: Members[] = [];
    let count = 0;
    let next = Number(first);
    let rest: string | undefined;
    for (
      let step = FIRST_STEP;
      next < BUCKETS && count < PAGE_SIZE;
      step = Math.min(2 * step, LONGEST_STEP)
    ) {
      const buckets = Array.from({ length: Math.min(step, BUCKETS - next) }, (_, index) => next + index);
      const found = await Promise.all(
        buckets.map(async (bucket) =>
          this.#members(bucket, this.#names.users(bucket), bucket === Number(first) ? after : undefined),
        ),
      );
      for (const members of found) {
        if (members === "unavailable") return members;
        if (count >= PAGE_SIZE) break;
        taken.push(members);
        count += members.keys.length;
        next = members.rest === undefined ? members.bucket + 1 : members.bucket;
        rest = members.rest;
        if (rest !== undefined) break;
      }
      if (rest !== undefined) break;
    }
    // All of a bucket are in one slot.
    const values = await Promise.all(
      taken.filter(({ keys }) => keys.length > 0).map(async ({ keys }) => this.#commands.read("MGET", keys)),
    );
    if (!areAll(values)) return "unavailable";
    const replies = values.flatMap(listOf);
    const end = next < BUCKETS ? `${next}${rest === undefined ? "" : ` ${rest}`}` : undefined;
    return this.#page(
      USERS,
      taken.flatMap(({ keys }) => keys),
      replies,
      end,
    );
  }

  #page(
    group: string,
    keys: readonly string[],
    replies: readonly Reply[],
    cursor: string | undefined,
  ): PartitionPage {
    const found = keys
      .map((key, index) => this.#partitions.listed(key, replies[index] ?? null))
      .filter((it): it is Readable => it?.group === group);
    const partitions = found.map(({ partition, document, version }) => ({ partition, document, version }));
    return { partitions, ...(cursor !== undefined && { cursor }) };
  }

  async #members(bucket: number, index: string, after: string | undefined): Promise<Members | "unavailable"> {
    const from = after === undefined ? "-inf" : `(${after}`;
    const reply = await this.#commands.readBy(PAGE, [index], [from, String(PAGE_SIZE)]);
    if (reply === "unavailable") return reply;
    const found = listOf(reply).map(String);
    const keys = found.filter((_, at) => at % 2 === 0).map((member) => this.#names.member(member));
    return { bucket, keys, rest: keys.length < PAGE_SIZE ? undefined : found.at(-1) };
  }
}

function areAll(replies: readonly (Reply | "unavailable")[]): replies is readonly Reply[] {
  return !replies.includes("unavailable");
}

function listOf(reply: Reply): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : [];
}
