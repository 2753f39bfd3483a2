// What is known of a host: how its last requests went, and that it answers again after it did not.
// proves: core/src/http/host-log.ts, core/src/http/hosts.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { Logger, LogLevel } from "@tessera/node";
import { Hosts } from "../../packages/core/src/http/hosts.js";
import { createTestClock } from "../support/test-clock.js";

let lines: string[];
let hosts: Hosts;
beforeEach(() => {
  lines = [];
  const loggerCallback = (_: LogLevel, line: string) => void lines.push(line.replace(/^.* - /, ""));
  const logger = new Logger({ loggerCallback, logLevel: LogLevel.Info });
  hosts = new Hosts(createTestClock(Date.parse("2026-01-01T00:00:00Z")), () => logger);
});

const note = (outcome: unknown, correlationId = "", host = "login.example:8443") =>
  hosts.note(hosts.of(host), outcome, correlationId);
const refused = new Error("fetch failed for alice", {
  cause: Object.assign(new Error("connect"), { code: "ECONNREFUSED" }),
});

describe("a host", () => {
  it("is named, and its failures without their text", () => {
    note(200, "one");
    note(503, "two");
    note(refused, "three");
    const at = "2026-01-01T00:00:00.000Z";
    expect(hosts.records()).toEqual([
      {
        host: "login.example:8443",
        requests: 3,
        failures: 2,
        failuresInARow: 2,
        lastErrors: [
          { at, error: "ECONNREFUSED", correlationId: "three" },
          { at, error: "HTTP 503", correlationId: "two" },
        ],
        circuit: "closed",
        secondsLeftAlone: 0,
        retries: { sent: 0, allowed: 10 },
      },
    ]);
  });

  it.each([408, 429, 500, 503])(
    "that answers with %d has failed; an error of the request is none",
    (status) => {
      note(status);
      note(400, "", "other.example");
      expect(hosts.records().map(({ failures }) => failures)).toEqual([1, 0]);
    },
  );

  it("that answers again is logged once", () => {
    for (const outcome of [503, refused, 200, 200, 503, 400]) note(outcome);
    expect(lines).toEqual([
      "login.example:8443 answers again, after 2 failed requests.",
      "login.example:8443 answers again, after a failed request.",
    ]);
  });

  it("is remembered with its last five failures, and so are the last hundred hosts", () => {
    for (let index = 0; index < 9; index += 1) note(500 + index);
    expect(hosts.records()[0]?.lastErrors.map(({ error }) => error)).toEqual(
      [508, 507, 506, 505, 504].map((status) => `HTTP ${status}`),
    );
    for (let index = 0; index < 150; index += 1) note(200, "", `host-${index}.example`);
    expect(hosts.records()).toHaveLength(100);
  });
});
