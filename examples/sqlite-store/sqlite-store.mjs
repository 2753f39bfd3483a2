// A token store in SQLite, for the processes of one machine. It needs Node.js 22.13 or later, for node:sqlite.
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA busy_timeout = 1000;
  CREATE TABLE IF NOT EXISTS partitions (
    name BLOB PRIMARY KEY, document BLOB NOT NULL, version TEXT NOT NULL, owner BLOB NOT NULL, expires INTEGER
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS partitions_by_owner ON partitions (owner, name);
  CREATE INDEX IF NOT EXISTS partitions_by_expiry ON partitions (expires) WHERE expires IS NOT NULL;
  CREATE TABLE IF NOT EXISTS turns (name BLOB PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
`;

const PAGE_SIZE = 100;
/** How often a process looks whether its turn has come. */
const POLL_MS = 20;
/** SQLITE_BUSY and SQLITE_CANTOPEN: another process writes for too long, or the file is not there. */
const UNAVAILABLE = new Set([5, 14]);

/** Texts are stored as bytes, because SQLite ends a text at the first NUL character. */
const bytes = (text) => Buffer.from(text);
const text = (stored) => Buffer.from(stored).toString();

/**
 * Opens a store. The file holds tokens: keep it where only the application may read it.
 *
 * @param {string} file
 * @param {{ now?: () => number, leaseMs?: number }} [options] `leaseMs` is how long a process that died or stands still
 * keeps its turn
 * @returns {import("@tessera/node").TokenStore & { close(): void }}
 */
export function openSqliteStore(file, { now = Date.now, leaseMs = 10_000 } = {}) {
  const database = new DatabaseSync(file);
  database.exec(SCHEMA);
  const select = database.prepare(
    "SELECT document, version FROM partitions WHERE name = ? AND (expires IS NULL OR expires > ?)",
  );
  const replace = database.prepare("INSERT OR REPLACE INTO partitions VALUES (?, ?, ?, ?, ?)");
  const remove = database.prepare("DELETE FROM partitions WHERE name = ?");
  const removeExpired = database.prepare("DELETE FROM partitions WHERE expires <= ?");
  const page = database.prepare(
    `SELECT name AS partition, document, version FROM partitions
     WHERE owner = ? AND name > ? AND (expires IS NULL OR expires > ?) ORDER BY name LIMIT ${PAGE_SIZE + 1}`,
  );
  const takeTurn = database.prepare(
    `INSERT INTO turns VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until WHERE until <= ?`,
  );
  const isHeld = database.prepare("SELECT 1 FROM turns WHERE name = ? AND holder = ? AND until > ?");
  const endTurn = database.prepare("DELETE FROM turns WHERE name = ? AND holder = ?");
  /** The identifiers of the turns that were given here. */
  const holders = new WeakMap();

  /** Asks the database. What it cannot say now is unavailable; everything else that it throws is a mistake. */
  const ask = (question) => {
    try {
      return question();
    } catch (error) {
      if (UNAVAILABLE.has(error.errcode)) return "unavailable";
      throw error;
    }
  };

  return {
    load: (partition, held) =>
      ask(() => {
        const found = select.get(bytes(partition), now());
        if (!found) return "absent";
        return found.version === held
          ? "unchanged"
          : { document: text(found.document), version: found.version };
      }),

    update: async (partition, change, turn) =>
      ask(() => {
        database.exec("BEGIN IMMEDIATE");
        try {
          const outcome = changeNow(partition, change, turn);
          database.exec("COMMIT");
          return outcome;
        } catch (error) {
          database.exec("ROLLBACK");
          throw error;
        }
      }),

    list: async (group, cursor = "") =>
      ask(() => {
        const found = page.all(bytes(group), bytes(cursor), now());
        const partitions = found.slice(0, PAGE_SIZE).map(({ partition, document, version }) => ({
          partition: text(partition),
          document: text(document),
          version,
        }));
        return found.length > PAGE_SIZE
          ? { partitions, cursor: partitions.at(-1).partition }
          : { partitions };
      }),

    async inTurn(name, work, signal) {
      const holder = randomUUID();
      signal?.throwIfAborted();
      for (;;) {
        const taken = ask(() => takeTurn.run(bytes(name), holder, now() + leaseMs, now()));
        // Whoever cannot reach the database goes on alone.
        if (taken === "unavailable" || taken.changes > 0) break;
        await setTimeout(POLL_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
        const found = await work.found();
        if (found !== undefined) return found;
      }
      const turn = {
        holds: async () => {
          const held = ask(() => isHeld.get(bytes(name), holder, now()));
          return held === "unavailable" || held !== undefined;
        },
      };
      holders.set(turn, holder);
      try {
        return await work.run(turn);
      } finally {
        ask(() => endTurn.run(bytes(name), holder));
      }
    },

    close: () => database.close(),
  };

  /** Changes a partition within a transaction. */
  function changeNow(partition, change, turn) {
    if (turn && !isHeld.get(bytes(partition), holders.get(turn) ?? "", now())) return "fenced";
    removeExpired.run(now());
    const found = select.get(bytes(partition), now());
    const update = change(found && text(found.document));
    if (update === "keep") return { version: found?.version };
    if (update === "remove") {
      remove.run(bytes(partition));
      return { version: undefined };
    }
    const { document, group, timeToLive } = update;
    const version = randomUUID();
    const expires = timeToLive === undefined ? null : now() + timeToLive * 1000;
    replace.run(bytes(partition), bytes(document), version, bytes(group), expires);
    return { version };
  }
}
