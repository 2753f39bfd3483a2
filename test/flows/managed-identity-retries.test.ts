// What is asked again, when, and for how long in all.
// proves: node/src/managed-identity/retry.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import type { ManagedIdentityConfiguration } from "@tessera/node";
import { ENVIRONMENTS, ourApp, setEnvironment, type SourceName } from "../support/managed-identity-stage.js";
import {
  startMetadataEndpoint,
  token,
  type MetadataEndpoint,
  type MetadataResponse,
} from "../support/metadata-endpoint.js";
import { createTestClock } from "../support/test-clock.js";

const resource = "https://vault.azure.net";

let endpoint: MetadataEndpoint;
let restore = (): void => undefined;
beforeAll(async () => {
  endpoint = await startMetadataEndpoint();
});
/** Seconds of each pause. */
let waits: number[];
beforeEach(() => {
  waits = [];
  endpoint.requests.length = 0;
});
afterEach(() => restore());
afterAll(() => endpoint.close());

/** A clock that passes by the pauses alone. */
function clock() {
  const test = createTestClock();
  const sleep = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds / 1000);
    test.advance(milliseconds / 1000);
    return Promise.resolve();
  };
  return { ...test, sleep };
}

/** The host gives these answers, then a token. */
async function askedOf(
  source: SourceName,
  responses: readonly (number | MetadataResponse)[],
  system: ManagedIdentityConfiguration["system"] = {},
): Promise<unknown> {
  restore = setEnvironment(ENVIRONMENTS[source](endpoint.origin));
  const left = [...responses];
  endpoint.respond = () => {
    const next = left.shift() ?? { body: token() };
    return typeof next === "number"
      ? { status: next, body: { error: `e${next}`, error_description: "no" } }
      : next;
  };
  try {
    const app = ourApp({ system: { clock: clock(), ...system } });
    return (await app.acquireToken({ resource })).accessToken;
  } catch (error) {
    return (error as { errorCode?: string }).errorCode;
  }
}
const times = (count: number, status: number): number[] => Array.from({ length: count }, () => status);

describe("IMDS", () => {
  test.each<[readonly number[], readonly number[], string]>([
    [[404], [1], "a-token"],
    [times(3, 404), [1, 2, 4], "a-token"],
    [times(4, 404), [1, 2, 4], "e404"],
    [times(3, 408), [1, 2, 4], "a-token"],
    [times(3, 429), [1, 2, 4], "a-token"],
    [times(4, 500), [1, 2, 4], "e500"],
    [[500, 502, 599], [1, 2, 4], "a-token"],
    [times(7, 410), times(7, 10), "a-token"],
    [times(8, 410), times(7, 10), "e410"],
    [[410, ...times(6, 500)], [10, 2, 4, 4, 4, 4, 4], "a-token"],
    [[410, ...times(7, 500)], [10, 2, 4, 4, 4, 4, 4], "e500"],
    // The peer gives up here after 21 seconds, although IMDS says that it is being updated.
    [[429, ...times(7, 410)], [1, ...times(7, 10)], "a-token"],
    [[400], [], "e400"],
    [[403], [], "e403"],
    [[401], [], "e401"],
  ])("that answers %j is asked again after %j", async (statuses, seconds, outcome) => {
    expect(await askedOf("DefaultToImds", statuses)).toBe(outcome);
    expect(waits).toEqual(seconds.slice(0, statuses.length));
    expect(endpoint.requests).toHaveLength(seconds.slice(0, statuses.length).length + 1);
  });
});

describe.each(["AppService", "CloudShell", "MachineLearning"] as const)("%s", (source) => {
  test.each<[readonly number[], string]>([
    ...[404, 408, 429, 500, 503, 504].map((status): [number[], string] => [times(3, status), "a-token"]),
    [times(4, 503), "e503"],
  ])("that answers %j is asked again after a second each", async (statuses, outcome) => {
    expect(await askedOf(source, statuses)).toBe(outcome);
    expect(waits).toEqual([1, 1, 1]);
  });

  test.each([400, 401, 403, 410, 501, 502])("that answers %d is not asked again", async (status) => {
    expect(await askedOf(source, [status])).toBe(`e${status}`);
    expect(waits).toEqual([]);
  });
});

test.each<[SourceName, number, boolean, number]>([
  ["DefaultToImds", 503, true, 4],
  ["DefaultToImds", 410, true, 8],
  ["DefaultToImds", 400, false, 1],
  ["AppService", 429, true, 4],
  ["AppService", 501, true, 1],
])(
  "the error of %s with HTTP %d says whether to come back: %s",
  async (source, status, isRetryable, attempts) => {
    restore = setEnvironment(ENVIRONMENTS[source](endpoint.origin));
    endpoint.respond = () => ({ status, body: { error: "busy" } });
    const call = ourApp({ system: { clock: clock() } }).acquireToken({ resource });
    await expect(call).rejects.toMatchObject({ isRetryable, attempts });
  },
);

const throttled = (value: string, name = "Retry-After"): MetadataResponse => ({
  status: 429,
  headers: { [name]: value },
  body: { error: "throttled" },
});

describe("Retry-After", () => {
  test.each(["Retry-After", "retry-after", "RETRY-AFTER"])("is obeyed in the letters %s", async (name) => {
    expect(await askedOf("DefaultToImds", [throttled("7", name), throttled("3", name)])).toBe("a-token");
    expect(await askedOf("AppService", [throttled("7", name)])).toBe("a-token");
    expect(waits).toEqual([7, 3, 7]);
  });

  test("of a network client of the app is obeyed", async () => {
    const answers = [
      { status: 429, headers: { "Retry-After": "7" }, body: {} },
      { status: 200, headers: {}, body: token() },
    ];
    const networkClient = {
      sendGetRequestAsync: <T>() =>
        Promise.resolve(answers.shift() as { status: number; headers: Record<string, string>; body: T }),
      sendPostRequestAsync: () => Promise.reject(new Error("no POST")),
    };
    expect(await askedOf("AppService", [], { networkClient, clock: clock() })).toBe("a-token");
    expect(waits).toEqual([7]);
  });

  test("never shortens a pause, and may be a date", async () => {
    const soon = new Date(Date.now() + 30_000).toUTCString();
    expect(await askedOf("DefaultToImds", [throttled("0"), throttled("not a time"), throttled(soon)])).toBe(
      "a-token",
    );
    expect(waits.slice(0, 2)).toEqual([1, 2]);
    expect(waits[2]).toBeGreaterThan(20);
  });

  test("beyond the two minutes is not waited for: the call fails at once, and says how long to wait", async () => {
    restore = setEnvironment(ENVIRONMENTS.DefaultToImds(endpoint.origin));
    endpoint.respond = () => throttled("300");
    const time = createTestClock();
    const ask = () => ourApp({}, time).acquireToken({ resource });
    await expect(ask()).rejects.toMatchObject({ errorCode: "throttled", retryAfterSeconds: 300 });
    expect(endpoint.requests).toHaveLength(1);
  });

  test("of several responses is waited for two minutes in all", async () => {
    expect(await askedOf("DefaultToImds", [throttled("60"), throttled("59"), throttled("1")])).toBe(
      "throttled",
    );
    expect(waits).toEqual([60, 59]);
  });

  test("of the last response keeps this application from asking earlier", async () => {
    restore = setEnvironment(ENVIRONMENTS.DefaultToImds(endpoint.origin));
    endpoint.respond = () => throttled("300");
    const time = createTestClock();
    const app = ourApp({}, time);
    await expect(app.acquireToken({ resource })).rejects.toMatchObject({ errorCode: "throttled" });
    time.advance(100);
    await expect(app.acquireToken({ resource })).rejects.toMatchObject({ retryAfterSeconds: 200 });
    expect(endpoint.requests).toHaveLength(1);
    time.advance(200);
    endpoint.respond = () => ({ body: token() });
    expect(await app.acquireToken({ resource })).toMatchObject({ accessToken: "a-token" });
  });
});

test("disableInternalRetries asks once", async () => {
  expect(await askedOf("DefaultToImds", [410], { disableInternalRetries: true })).toBe("e410");
  expect(await askedOf("AppService", [503], { disableInternalRetries: true })).toBe("e503");
  expect(endpoint.requests).toHaveLength(2);
});

test("a caller who leaves during a pause ends the retries", async () => {
  restore = setEnvironment(ENVIRONMENTS.DefaultToImds(endpoint.origin));
  endpoint.respond = () => ({ status: 410 });
  const leaving = new AbortController();
  const sleep = async (): Promise<void> => leaving.abort();
  const app = ourApp({ system: { clock: { ...createTestClock(), sleep } } });
  await expect(app.acquireToken({ resource, signal: leaving.signal })).rejects.toMatchObject({
    errorCode: "request_aborted",
  });
  expect(endpoint.requests).toHaveLength(1);
});

test("the metadata of a result counts every request", async () => {
  restore = setEnvironment(ENVIRONMENTS.AppService(endpoint.origin));
  const answers: MetadataResponse[] = [{ status: 500, body: { error: "e", error_description: "no" } }];
  endpoint.respond = () => answers.shift() ?? { body: token() };
  const { metadata } = await ourApp({ system: { clock: clock() } }).acquireToken({ resource });
  expect(metadata).toMatchObject({ source: "network", attempts: 2 });
  expect(metadata?.networkMs).toBeGreaterThan(0);
});
