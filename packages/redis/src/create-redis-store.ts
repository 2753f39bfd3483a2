import { performance } from "node:perf_hooks";
import type { PartitionUpdate, TokenStore, Turn, UpdateOutcome } from "@tessera/core/internal";
import { Availability } from "./availability.js";
import { connect } from "./connection/connect.js";
import { envelopeOf } from "./envelope.js";
import { failureOf, mayPass } from "./failure.js";
import { FirstLevel } from "./first-level.js";
import { commandsOf, leaseScripts } from "./guarded-commands.js";
import { Invalidation } from "./invalidation/invalidation.js";
import { sourcesOf } from "./invalidation/sources.js";
import { logOf, type Log } from "./log.js";
import { namesOf } from "./names.js";
import { checkOptions, type RedisStoreOptions } from "./options.js";
import { Pages } from "./pages.js";
import { Partitions } from "./partitions.js";
import { Counters, type RedisStoreStats } from "./stats.js";
import { fenceOf, Turns } from "./turns.js";

/** A token store in Redis or Valkey, to pass as `cache.store` to any number of applications. */
export interface RedisTokenStore extends TokenStore {
  /**
   * Returns figures for metrics and health checks.
   *
   * @example
   * ```ts
   * import { createClient } from "redis";
   *
   * const store = createRedisStore({ client: createClient() });
   * const { available, unsaved } = store.stats();
   * if (!available) console.warn(`Redis is away; ${unsaved} partitions are in the memory of this process only.`);
   * ```
   */
  stats(): RedisStoreStats;
  /**
   * Ends what the store has opened itself: its connections for messages, and its turns. The application's client stays open.
   *
   * @example
   * ```ts
   * import { createClient } from "redis";
   *
   * const client = createClient();
   * const store = createRedisStore({ client });
   * await store.close();
   * if (client.isOpen) await client.close();
   * ```
   */
  close(): Promise<void>;
}

/**
 * Creates a token store in Redis or Valkey, which all processes of an application share. It connects to nothing before it
 * is used, and uses the application's own client.
 *
 * @param options `client` is required
 * @throws {ClientConfigurationError} `invalid_option`
 *
 * @example
 * ```ts
 * import { ConfidentialClientApplication } from "@tessera/node";
 * import { createClient } from "redis";
 *
 * const client = createClient({ url: "redis://localhost:6379" });
 * client.on("error", (error) => console.error(error));
 * // When the program starts: await client.connect();
 * const store = createRedisStore({ client });
 * const app = new ConfidentialClientApplication({ auth: { clientId, authority, clientSecret }, cache: { store } });
 * ```
 */
export function createRedisStore(options: RedisStoreOptions): RedisTokenStore {
  const checked = checkOptions(options);
  const { client, prefix, nameKey, keys, memory, leaseMs, commandTimeoutMs, maxLifetimeSeconds } = checked;
  const connection = connect(client);
  const names = namesOf(prefix, nameKey);
  const log = logOf(checked.logger);
  const counters = new Counters();
  const now = (): number => performance.now();
  const { random } = Math;

  const availability = new Availability({
    commandTimeoutMs,
    failureOf,
    mayPass: (failure) => mayPass(failure, connection),
    counters,
    now,
    random,
    log,
  });
  const firstLevel = new FirstLevel(memory, now);
  const subject = { prefix: names.ownPrefix, channel: names.channel };
  const invalidation = new Invalidation(sourcesOf(client, connection), subject, {
    changed: (key) => {
      counters.invalidations += 1;
      firstLevel.changed(key);
    },
    turned: (isHeard) => firstLevel.open(isHeard),
    flushed: () => {
      counters.invalidations += 1;
      firstLevel.clear();
    },
  });
  const channel = (): string => invalidation.channel;
  const commands = commandsOf(connection, availability);
  const partitions = new Partitions({
    commands,
    names,
    envelope: envelopeOf(keys),
    maxLifetime: maxLifetimeSeconds,
    channel,
    onUnreadable: oncePerReason(log),
    onConflict: () => (counters.conflicts += 1),
    random,
  });
  const pages = new Pages(commands, names, partitions);
  const turns = new Turns({
    lease: {
      run: leaseScripts(connection, availability),
      leaseMs,
      now,
      channel,
      onLost: () => (counters.turnsLost += 1),
    },
    counters,
    turnKey: (name) => names.turn(name),
    dataKey: (name) => names.partition(name).value,
    onChange: (changing, callback) => invalidation.onChange(changing, callback),
    isHeard: () => invalidation.means !== "age",
    forget: (name) => {
      for (const partition of partitionsOf(name)) firstLevel.changed(names.partition(partition).value);
    },
    random,
  });

  // Without a first level, nothing has to be heard of; those that wait for a turn ask now and then.
  const listen = (): void => {
    if (memory) invalidation.start();
  };

  const load = async (partition: string, held: string | undefined) => {
    const found = names.partition(partition);
    const question = firstLevel.ask(partition, found.value);
    let version: string | undefined;
    try {
      const loaded = await partitions.load(partition, found);
      if (loaded === "unavailable") return loaded;
      if (loaded === "absent") {
        counters.misses += 1;
        return loaded;
      }
      counters.secondLevelHits += 1;
      version = loaded.version;
      return version === held ? "unchanged" : { document: loaded.document, version };
    } finally {
      firstLevel.answered(question, version);
    }
  };

  const update = async (
    partition: string,
    change: (current: string | undefined) => PartitionUpdate,
    turn: Turn | undefined,
  ): Promise<UpdateOutcome> => {
    const found = names.partition(partition);
    const question = firstLevel.ask(partition, found.value);
    let version: string | undefined;
    try {
      const outcome = await partitions.update(partition, found, change, fenceOf(turn, partition));
      counters.saved(partition, outcome !== "unavailable");
      turns.changed(partition, turn, outcome !== "unavailable");
      if (outcome === "fenced") counters.fenced += 1;
      if (typeof outcome === "object") {
        counters.updates += 1;
        ({ version } = outcome);
      }
      return outcome;
    } finally {
      firstLevel.answered(question, version);
    }
  };

  const isCurrent = (partition: string, held: string): boolean => {
    if (!firstLevel.isCurrent(partition, held)) return false;
    counters.loads += 1;
    counters.firstLevelHits += 1;
    return true;
  };

  return {
    load(partition, held) {
      listen();
      if (held !== undefined && isCurrent(partition, held)) return "unchanged";
      counters.loads += 1;
      return load(partition, held);
    },
    isCurrent,
    update: async (partition, change, turn) => update(partition, change, turn),
    list: async (group, cursor) => pages.list(group, cursor),
    async inTurn(name, work, signal) {
      listen();
      return turns.run(name, work, signal);
    },
    stats: () => {
      const { isAvailable: available, since } = availability;
      return counters.snapshot({ available, since, invalidatedBy: invalidation.means });
    },
    async close() {
      invalidation.close();
      await turns.close();
    },
  };
}

/** The partitions that a turn may be about: its name is that of one, or begins with one and a space. */
function partitionsOf(turn: string): readonly string[] {
  const words = turn.split(" ");
  return words.map((_, index) => words.slice(0, index + 1).join(" "));
}

const UNREADABLE: Readonly<Record<string, string>> = {
  "unknown key":
    "Redis has values that are encrypted with a key that is not in encryption.keys. Their users have to sign in again. " +
    "Add the key: before a new key comes first, every process must have it.",
  "not encrypted":
    "Redis has values that are not encrypted. With the option encryption, they count as absent.",
  foreign:
    "Redis has values of another program under keys of this store. Lists leave them out. Choose another prefix.",
  damaged: "Redis has values that were modified or moved to another key. They count as absent.",
};

/** One line says it, however many values it is about. */
function oncePerReason(log: Log): (why: string) => void {
  const told = new Set<string>();
  return (why) => {
    if (told.has(why)) return;
    told.add(why);
    log("error", UNREADABLE[why] ?? why);
  };
}
