import { AuthError, type AuthenticationResult } from "@tessera/node";
import {
  secrets,
  startFakeProvider,
  type Endpoint,
  type FakeProvider,
  type Over,
} from "../support/fake-provider.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import type { Fault } from "./faults.js";

/** How often a request is sent at most. */
const ATTEMPTS = 3;

/** What a fault meets: which endpoint is asked, and whether it may be asked again. */
export interface Asked {
  readonly endpoint: Endpoint;
  /** Repeated after every failure that may pass; after none that the server may have processed; after none. */
  readonly repeats: "always" | "unprocessed" | "never";
}

/** How often the server is asked, when it always fails in this way. */
export function attemptsOf({ kind, hangs }: Fault, { repeats, endpoint }: Asked): number {
  // A form may take the whole time of its call; a document only half of what is left.
  if (kind !== "again" || repeats !== "always" || (hangs && endpoint === "token")) return 1;
  return ATTEMPTS;
}

/** Time that passes when the test says so, and in requests that hang. */
export function cellClock({ clock }: FakeProvider) {
  let extra = 0;
  return {
    now: () => clock.now(),
    sleep: async () => undefined,
    monotonic: () => performance.now() + extra,
    /** Lets the time pass that a caller was told to wait. */
    pass: (seconds: number) => {
      extra += seconds * 1000;
    },
  };
}

/** Settings for a cell, so that what hangs ends soon. */
export const systemOf = (fault: Fault, clock: ReturnType<typeof cellClock>): Over => ({
  system: { clock, ...(fault.hangs ? { callTimeoutMs: 1500 } : {}) },
});

/** A cell that is ready. It returns what is wrong with it. */
export type Prepared = () => Promise<string[]>;

/**
 * Runs cells at the same time.
 *
 * @param hang whether they hang: they are prepared one after another, because their preparation has little time as well
 *
 * @returns what is wrong, by the name of the cell
 */
export async function runCells(
  cells: readonly (readonly [string, () => Promise<Prepared>])[],
  hang = false,
): Promise<Readonly<Record<string, string[]>>> {
  let before: Promise<unknown> = Promise.resolve();
  const prepared = await Promise.all(
    cells.map(async ([name, prepare]) => {
      const ready = hang ? before.then(prepare) : prepare();
      before = ready;
      return [name, await ready] as const;
    }),
  );
  const found = await Promise.all(prepared.map(async ([name, run]) => [name, await run()] as const));
  return Object.fromEntries(found.filter(([, wrong]) => wrong.length > 0));
}

/** Providers for the cells of a file, each started when it is first needed. */
export function providerPool() {
  const started = new Map<string, Promise<FakeProvider>>();
  return {
    of: async (name: string): Promise<FakeProvider> => {
      const provider = started.get(name) ?? startFakeProvider();
      started.set(name, provider);
      const ready = await provider;
      ready.reset();
      return ready;
    },
    close: async () => {
      for (const provider of started.values()) await (await provider).close();
    },
  };
}

/** Collects what is wrong with a cell. */
export function verdict() {
  const wrong: string[] = [];
  return {
    wrong,
    same: (what: string, found: unknown, expected: unknown): void => {
      if (!Object.is(found, expected)) wrong.push(`${what}: ${String(found)}, expected ${String(expected)}`);
    },
  };
}

/** Breaks an endpoint, and returns a function that mends it. */
export function breakEndpoint(provider: FakeProvider, endpoint: Endpoint, fault: Fault): () => void {
  const { [endpoint]: good } = provider.answers;
  provider.answers[endpoint] = async (request) => fault.answer(await good(request), provider.clock.now());
  return () => {
    provider.answers[endpoint] = good;
  };
}

export const outcomeOf = (call: Promise<AuthenticationResult>): Promise<AuthenticationResult | AuthError> =>
  call.catch((error: unknown) => {
    if (error instanceof AuthError) return error;
    throw error;
  });

/** Checks how often the server was asked. */
export function checkAsked(
  { same }: Pick<ReturnType<typeof verdict>, "same">,
  asked: number,
  fault: Fault,
  flow: Asked,
): void {
  // How many of the attempts reach the server in a short time depends on the machine.
  if (fault.hangs) same("requests", asked >= 1 && asked <= attemptsOf(fault, flow), true);
  else same("requests", asked, attemptsOf(fault, flow));
}

/** Checks what an error says of another attempt, and that it holds no secret. */
export function checkError(
  { same }: Pick<ReturnType<typeof verdict>, "same">,
  error: AuthError,
  fault: Fault,
  asked: number,
): void {
  expectNoSecretIn(error, secrets);
  same("isRetryable", error.isRetryable, fault.kind !== "final");
  if (!fault.hangs) same("attempts", error.attempts ?? asked, asked);
  if (fault.kind === "pause") same("retryAfterSeconds", (error.retryAfterSeconds ?? 0) >= 600, true);
}
