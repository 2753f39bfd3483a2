// The error of an app's own HTTP client may be of any shape: its causes are read to one depth, and its getters may throw.
// proves: core/src/errors/causes.ts, core/src/errors/error-name.ts, core/src/http/network-error.ts
import { describe, expect, it } from "@jest/globals";
import { HostLog } from "../../packages/core/src/http/host-log.js";
import { networkError } from "../../packages/core/src/http/network-error.js";
import { failureOf } from "../../packages/core/src/http/retry-policy.js";

/** What the library makes of an error: how it repeats the request, what the app gets, and what the log of the host has. */
function readings(error: unknown) {
  const log = new HostLog({ now: () => 0 });
  log.note(error, "id");
  const own = networkError("GET https://a.example", error, { hide: (text) => text, correlationId: "id" });
  return { failure: failureOf(error), message: own.message, logged: log.record().lastErrors[0]?.error };
}

const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
const deep = (depth: number): Error =>
  depth === 0 ? refused : new Error(`cause of ${depth}`, { cause: deep(depth - 1) });
const throwing = (...names: readonly string[]): Error => {
  const error = Object.create(Error.prototype) as Error;
  for (const name of names)
    Object.defineProperty(error, name, {
      enumerable: true,
      get: () => {
        throw new Error("from a getter");
      },
    });
  return error;
};
const endless = new Error("endless");
endless.cause = new Error("in a circle", { cause: endless });

describe("the causes of an error", () => {
  it.each([0, 1, 5])("are read to the same depth everywhere: %d", (depth) => {
    expect(readings(deep(depth))).toEqual({
      failure: "no-connection",
      message: expect.stringContaining("refused"),
      logged: "ECONNREFUSED",
    });
  });

  it("are read by none below the fifth", () => {
    expect(readings(deep(6))).toEqual({
      failure: "broken",
      message: expect.not.stringContaining("refused"),
      logged: "Error",
    });
  });

  it.each<[string, unknown]>([
    ["endless", endless],
    ["unreadable", throwing("cause")],
    ["null", new Error("odd", { cause: null })],
    ["unreadable, like every other member", throwing("cause", "code", "message", "name", "stack")],
    ["asked of a text", "a text"],
    ["asked of nothing", undefined],
  ])("that are %s break nothing", (_, error) => {
    expect(readings(error)).toEqual({
      failure: "broken",
      message: expect.stringContaining("received no response"),
      logged: expect.any(String),
    });
  });
});
