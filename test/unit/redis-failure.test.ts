// What an error of a Redis client says about the server.
// proves: redis/src/failure.ts, core/src/errors/error-text.ts
import { expect, test } from "@jest/globals";
import { failureOf } from "../../packages/redis/src/failure.js";

test.each([
  ["LOADING Redis is loading the dataset in memory", "LOADING", "all"],
  ["CLUSTERDOWN The cluster is down", "CLUSTERDOWN", "all"],
  ["MOVED 12182 127.0.0.1:7000", "MOVED", "all"],
  ["ASK 12182 127.0.0.1:7000", "ASK", "all"],
  ["TRYAGAIN Multiple keys request during rehashing of slot", "TRYAGAIN", "key"],
  ["NOAUTH Authentication required.", "NOAUTH", "all"],
  ["NOPERM this user has no permissions to run the 'evalsha' command", "NOPERM", "writes"],
  [
    "READONLY You can't write against a read only replica. script: 1a, on @user_script:3.",
    "READONLY",
    "writes",
  ],
  ["OOM command not allowed when used memory > 'maxmemory'. script: 1a, on @user_script:3.", "OOM", "writes"],
  ["MISCONF Redis is configured to save RDB snapshots", "MISCONF", "writes"],
  ["NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", "writes"],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", "none"],
  [
    "ERR Error running script (call to f_1a): @user_script:3: WRONGTYPE Operation against a key",
    "WRONGTYPE",
    "none",
  ],
  [
    "ERR Error running script (call to f_1a): @user_script:3: -READONLY You can't write",
    "READONLY",
    "writes",
  ],
  ["ERR unknown command 'FOO'", "reply", "none"],
  ["CROSSSLOT Keys in request don't hash to the same slot", "reply", "none"],
  ["Connection is closed.", "connection", "all"],
  ["Command timed out", "connection", "all"],
])("%s", (text, kind, unavailable) => {
  expect(failureOf(new Error(text))).toEqual({ kind, unavailable });
});

test("an error of the connection is named by its code or class", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  expect(failureOf(refused)).toEqual({ kind: "ECONNREFUSED", unavailable: "all" });
  class ClientOfflineError extends Error {}
  expect(failureOf(new ClientOfflineError("The client is offline"))).toMatchObject({ unavailable: "all" });
  const cluster = Object.assign(new Error("Failed to refresh slots cache."), {
    lastNodeError: new Error("NOAUTH Authentication required."),
  });
  expect(failureOf(cluster)).toEqual({ kind: "NOAUTH", unavailable: "all" });
});
