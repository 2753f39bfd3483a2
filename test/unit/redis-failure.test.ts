// What an error of a Redis client says about the server.
// proves: redis/src/failure.ts, core/src/errors/error-text.ts
import { expect, test } from "@jest/globals";
import { failureOf, mayPass } from "../../packages/redis/src/failure.js";

test.each([
  ["LOADING Redis is loading the dataset in memory", "LOADING", "all", "soon"],
  ["CLUSTERDOWN The cluster is down", "CLUSTERDOWN", "all", "elsewhere"],
  ["MASTERDOWN Link with MASTER is down", "MASTERDOWN", "all", "elsewhere"],
  ["MOVED 12182 127.0.0.1:7000", "MOVED", "all", "elsewhere"],
  ["ASK 12182 127.0.0.1:7000", "ASK", "all", "elsewhere"],
  ["TRYAGAIN Multiple keys request during rehashing of slot", "TRYAGAIN", "key", "soon"],
  ["BUSY Redis is busy running a script", "BUSY", "all", "no"],
  ["NOAUTH Authentication required.", "NOAUTH", "all", "no"],
  ["NOPERM this user has no permissions to run the 'evalsha' command", "NOPERM", "writes", "no"],
  [
    "READONLY You can't write against a read only replica. script: 1a, on @user_script:3.",
    "READONLY",
    "writes",
    "elsewhere",
  ],
  [
    "OOM command not allowed when used memory > 'maxmemory'. script: 1a, on @user_script:3.",
    "OOM",
    "writes",
    "no",
  ],
  ["MISCONF Redis is configured to save RDB snapshots", "MISCONF", "writes", "no"],
  ["NOREPLICAS Not enough good replicas to write.", "NOREPLICAS", "writes", "elsewhere"],
  ["WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE", "none", "no"],
  [
    "ERR Error running script (call to f_1a): @user_script:3: WRONGTYPE Operation against a key",
    "WRONGTYPE",
    "none",
    "no",
  ],
  [
    "ERR Error running script (call to f_1a): @user_script:3: -READONLY You can't write",
    "READONLY",
    "writes",
    "elsewhere",
  ],
  ["ERR unknown command 'FOO'", "reply", "none", "no"],
  ["CROSSSLOT Keys in request don't hash to the same slot", "reply", "none", "no"],
  // What the libraries say about a connection that is closed, and about their own limits.
  ["Connection is closed.", "connection", "all", "soon"],
  ["Disconnects client", "connection", "all", "soon"],
  ["Socket closed unexpectedly", "connection", "all", "soon"],
  ["Too many Cluster redirections. Last error: ReplyError: MOVED 1 [::1]:1", "connection", "all", "soon"],
  ["Command timed out", "connection", "all", "no"],
  ["Connection timeout", "connection", "all", "no"],
])("%s", (text, kind, unavailable, passes) => {
  expect(failureOf(new Error(text))).toEqual({ kind, unavailable, passes });
});

test("an error of the connection is named by its code or class", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  expect(failureOf(refused)).toEqual({ kind: "ECONNREFUSED", unavailable: "all", passes: "soon" });
  class ClientOfflineError extends Error {}
  expect(failureOf(new ClientOfflineError("The client is offline"))).toMatchObject({ unavailable: "all" });
  const cluster = Object.assign(new Error("Failed to refresh slots cache."), {
    lastNodeError: new Error("NOAUTH Authentication required."),
  });
  expect(failureOf(cluster)).toEqual({ kind: "NOAUTH", unavailable: "all", passes: "no" });
});

test.each([
  ["soon", "alone", true],
  ["soon", "cluster", true],
  // Nobody takes over from a server that is alone.
  ["elsewhere", "alone", false],
  ["elsewhere", "cluster", true],
  ["elsewhere", "sentinel", true],
  ["no", "cluster", false],
] as const)("what passes %s may pass for a client of the kind %s: %s", (passes, kind, expected) => {
  const failure = { kind: "", unavailable: "all", passes } as const;
  expect(mayPass(failure, { kind, isOpen: () => true })).toBe(expected);
  expect(mayPass(failure, { kind, isOpen: () => false })).toBe(false);
});
