// Every fault of a server, for every kind of request: what the caller gets, how often the server was asked, what is cached.
// proves: core/src/http/transport.ts, core/src/http/attempt.ts, core/src/http/network-error.ts, node/src/http/read-text.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { AuthError } from "@tessera/node";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import { secrets, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { faults, type Fault } from "./faults.js";
import { flows, type Flow } from "./flows.js";

/** A kept provider for each flow: its cells run at the same time. */
const providers = new Map<string, FakeProvider>();
beforeAll(async () => {
  for (const name of Object.keys(faults)) providers.set(name, await startFakeProvider());
});
afterAll(() => Promise.all(Array.from(providers.values(), (provider) => provider.close())));

const ATTEMPTS = 3;

/** How often the server is asked, when it always fails in this way. */
function attemptsOf({ kind, hangs }: Fault, { repeats, endpoint }: Flow): number {
  // A form may take the whole time of its call; a document only half of what is left.
  if (kind !== "again" || repeats !== "always" || (hangs && endpoint === "token")) return 1;
  return ATTEMPTS;
}

/** Runs one cell. Returns what is wrong with it. */
async function cell(name: string, fault: Fault, flow: Flow): Promise<string[]> {
  const provider = providers.get(name);
  if (!provider) return ["no provider"];
  provider.reset();
  const clock = { ...provider.clock, sleep: async () => undefined, monotonic: () => performance.now() };
  const app = await flow.prepare(provider, {
    system: { clock, ...(fault.hangs ? { callTimeoutMs: 400 } : {}) },
  });
  const { [flow.endpoint]: good } = provider.answers;
  const before = provider.count(flow.endpoint);
  provider.answers[flow.endpoint] = async (request) =>
    fault.answer(await good(request), provider.clock.now());
  const outcome: unknown = await app().then(
    () => "a result",
    (error: unknown) => error,
  );
  const asked = provider.count(flow.endpoint) - before;
  const wrong: string[] = [];
  const expectSame = (what: string, found: unknown, expected: unknown): void => {
    if (!Object.is(found, expected)) wrong.push(`${what}: ${String(found)}, expected ${String(expected)}`);
  };
  // How many of the attempts reach the server in a short time depends on the machine.
  if (fault.hangs) expectSame("requests", asked >= 1 && asked <= attemptsOf(fault, flow), true);
  else expectSame("requests", asked, attemptsOf(fault, flow));
  if (fault.kind === "works") {
    expectSame("outcome", outcome, "a result");
    return wrong;
  }
  if (!(outcome instanceof AuthError)) return [...wrong, `outcome: ${String(outcome)}`];
  expectNoSecretIn(outcome, secrets);
  expectSame("isRetryable", outcome.isRetryable, fault.kind !== "final");
  if (!fault.hangs) expectSame("attempts", outcome.attempts ?? asked, asked);
  if (fault.kind === "pause") expectSame("retryAfterSeconds", (outcome.retryAfterSeconds ?? 0) >= 600, true);
  // Good again: the next call works, unless the server wants a pause or the grant was good for one request.
  provider.answers[flow.endpoint] = good;
  if (!fault.hangs && fault.kind !== "pause" && !/429|503 until/.test(name))
    expectSame("the next call", await app().then(() => "works", String), "works");
  return wrong;
}

describe.each(Object.entries(flows))("%s", (_, flow) => {
  it.each([false, true])(
    "each fault (only one that hangs: %p) has its expected result, and its number of requests",
    async (hangs) => {
      const cells = Object.entries(faults)
        .filter(([, fault]) => (fault.hangs ?? false) === hangs)
        .map(async ([name, fault]) => [name, await cell(name, fault, flow)] as const);
      const wrong = (await Promise.all(cells)).filter(([, found]) => found.length > 0);
      expect(Object.fromEntries(wrong)).toEqual({});
    },
  );
});
