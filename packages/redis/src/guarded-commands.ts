import type { Availability } from "./availability.js";
import type { Commands } from "./commands.js";
import type { RedisConnection, Reply } from "./connection/connection.js";
import { storeFailed } from "./errors.js";
import { failureOf } from "./failure.js";
import type { RunScript } from "./lease.js";

/** Sends commands only while the server is available, and waits for each no longer than allowed. */
export function commandsOf(connection: RedisConnection, availability: Availability): Commands {
  const sent = async (
    kind: "read" | "write",
    keys: readonly string[],
    send: () => Promise<Reply>,
  ): Promise<Reply | "unavailable"> => {
    try {
      return await availability.run(kind, send);
    } catch (error) {
      throw refused(keys, error);
    }
  };
  return {
    read: async (name, keys, rest) => sent("read", keys, async () => connection.command(name, keys, rest)),
    readBy: async (read, keys, parameters) =>
      sent("read", keys, async () => connection.run(read, keys, parameters)),
    write: async (write, keys, parameters) =>
      sent("write", keys, async () => connection.run(write, keys, parameters)),
  };
}

/** Runs the scripts of leases, which answer with numbers. */
export function leaseScripts(connection: RedisConnection, availability: Availability): RunScript {
  return async (script, keys, parameters, options) =>
    availability.run("write", async () => Number(await connection.run(script, keys, parameters)), options);
}

function refused(keys: readonly string[], error: unknown): Error {
  const [key = ""] = keys;
  return failureOf(error).kind === "WRONGTYPE"
    ? storeFailed(
        `Under the Redis key ${key} or beside it is a value of another program and type: choose another prefix for the store, or remove the key.`,
        error,
      )
    : storeFailed(`Redis has refused a command for the key ${key}: see the cause.`, error);
}
