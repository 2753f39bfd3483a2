// Every fault of a server, for every kind of request: what the caller gets, and how often the server was asked.
// proves: core/src/http/transport.ts, core/src/http/attempt.ts, core/src/http/network-error.ts, node/src/http/read-text.ts
import { afterAll, expect, it } from "@jest/globals";
import { AuthError } from "@tessera/node";
import {
  breakEndpoint,
  cellClock,
  checkAsked,
  checkError,
  outcomeOf,
  providerPool,
  runCells,
  systemOf,
  verdict,
  type Prepared,
} from "./cell.js";
import { faults, type Fault } from "./faults.js";
import { flows, type Flow } from "./flows.js";

const pool = providerPool();
afterAll(() => pool.close());

/** Prepares one cell. Those that run at the same time have providers of their own. */
async function cell(name: string, fault: Fault, flow: Flow): Promise<Prepared> {
  const provider = await pool.of(name);
  const clock = cellClock(provider);
  const app = await flow.prepare(provider, systemOf(fault, clock));
  return async () => {
    const before = provider.count(flow.endpoint);
    const mend = breakEndpoint(provider, flow.endpoint, fault);
    const outcome = await outcomeOf(app());
    const asked = provider.count(flow.endpoint) - before;
    const found = verdict();
    checkAsked(found, asked, fault, flow);
    found.same("an error", outcome instanceof AuthError, fault.kind !== "works");
    if (!(outcome instanceof AuthError)) return found.wrong;
    checkError(found, outcome, fault, asked);
    // Good again: the call works once the time that it was told has passed.
    mend();
    clock.pass(outcome.retryAfterSeconds ?? 0);
    if (!fault.hangs) found.same("the next call", await app().then(() => "works", String), "works");
    return found.wrong;
  };
}

const all = Object.entries(faults);

it.each(Object.entries(flows))(
  "%s has, with each fault, the expected result and number of requests",
  async (_, flow) => {
    const cells = all
      .filter(([, { hangs }]) => !hangs)
      .map(([name, fault]) => [name, () => cell(name, fault, flow)] as const);
    expect(await runCells(cells)).toEqual({});
  },
);

it("every call to a server that hangs ends in its time, with the expected result and number of requests", async () => {
  const cells = Object.entries(flows).flatMap(([flowName, flow]) =>
    all
      .filter(([, { hangs }]) => hangs)
      .map(([name, fault]) => {
        const both = `${flowName}: ${name}`;
        return [both, () => cell(both, fault, flow)] as const;
      }),
  );
  expect(await runCells(cells, true)).toEqual({});
});
