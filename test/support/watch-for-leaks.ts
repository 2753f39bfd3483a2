// Runs with every test file that uses the library: no log line, error, span or metric holds a secret that was issued in it.
import { readFileSync } from "node:fs";
import { afterAll, expect } from "@jest/globals";
import { LeakSearch } from "./leak-search.js";

const { testPath = "" } = expect.getState();
const own = readFileSync(testPath, "utf8");
// Tests of what never reaches the library need not load it. Those of leaks leak on purpose.
if (/from "(@tessera\/node|\.\.?\/.*support\/)/.test(own) && !/leak/i.test(testPath)) {
  const search = new LeakSearch();
  const showDiagnostics = await watch(search);
  afterAll(() => {
    showDiagnostics();
    expect(search.leaks()).toEqual([]);
  });
}

/** Watches everything the library shows. The returned function adds the diagnostics of all hosts to the search. */
async function watch(search: LeakSearch): Promise<() => void> {
  // One after another: Jest links ES modules that import each other one at a time.
  const { Logger } = await import("../../packages/core/src/logger.js");
  const { Hosts } = await import("../../packages/core/src/http/hosts.js");
  const { Tally } = await import("../../packages/core/src/http/tally.js");
  const { Parameters } = await import("../../packages/core/src/request/parameters.js");
  const { FailureLog } = await import("../../packages/node/src/failure-log.js");
  const { OpenTelemetryObserver } =
    await import("../../packages/node/src/telemetry/open-telemetry-observer.js");
  around(Tally.prototype, "ended", ([, response]) => {
    if (typeof response === "object" && response && "body" in response) search.issueIn(String(response.body));
  });
  around(Parameters.prototype, "toString", (_, form) => search.issueIn(String(form)));
  // Also the lines that no test asks for.
  for (const level of ["error", "warning", "info", "verbose", "trace"])
    for (const method of [level, `${level}Pii`])
      around(Logger.prototype, method, ([message]) => search.show("a log line", message));
  // The error of an app's own code is the app's.
  around(FailureLog.prototype, "noted", ([, , error]) => {
    if (error instanceof Error && "errorCode" in error) search.show("an error", error);
  });
  around(OpenTelemetryObserver.prototype, "count", (seen) => search.show("a metric", seen));
  around(OpenTelemetryObserver.prototype, "handedOut", (seen) => search.show("a metric", seen));
  const { prototype } = OpenTelemetryObserver;
  // Called by the method that follows, in which a patched one has no type parameters.
  const spanned = Reflect.get(prototype, "around");
  prototype.around = function (step, facts, run) {
    search.show("a span", [step, facts]);
    const watched: typeof run = (tell) =>
      run((more) => {
        search.show("a span", more);
        tell(more);
      });
    return spanned.call(this, step, facts, watched) as ReturnType<typeof run>;
  };
  const hosts = new Set<WeakRef<{ records(): unknown }>>();
  const known = new WeakSet<object>();
  around(Hosts.prototype, "note", function (this: InstanceType<typeof Hosts>) {
    if (!known.has(this)) hosts.add(new WeakRef(this));
    known.add(this);
  });
  return () => {
    for (const seen of hosts) search.show("diagnostics", seen.deref()?.records());
  };
}

/** Has every call of a method of a class noted. */
function around(
  prototype: object,
  method: string,
  note: (this: never, args: readonly unknown[], result: unknown) => void,
): void {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== "function") throw new Error(`there is no method ${method}`);
  const noted = function (this: unknown, ...args: unknown[]): unknown {
    const result: unknown = Reflect.apply(original, this, args);
    Reflect.apply(note, this, [args, result]);
    return result;
  };
  // Tests compare how many parameters a method has.
  Object.defineProperty(noted, "length", { value: original.length });
  Object.defineProperty(prototype, method, { configurable: true, writable: true, value: noted });
}
