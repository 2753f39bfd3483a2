// Which request is sent again after what, and that docs/reliability.md says the same.
// proves: core/src/http/retry-policy.ts, core/src/http/retry-after.ts
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import {
  ENDPOINTS,
  failureOf,
  FAILURES,
  FIRST_PAUSE_MS,
  GRANTS,
  LONGEST_PAUSE_MS,
  repeatsOfForm,
  STATUSES,
  waitAfterAnswer,
  waitAfterFailure,
  type Repeats,
} from "../../packages/core/src/http/retry-policy.js";
import { clientAuthError } from "../../packages/core/src/errors/errors.js";
import { withAttempts } from "../../packages/core/src/http/throttle.js";

const clock = { now: () => 1_800_000_000_000 };
const waitAfter = (status: number, headers: Record<string, string> = {}, over: object = {}) =>
  waitAfterAnswer(
    { status, headers, body: "" },
    { repeats: "always", isDocument: false, attempt: 1, clock, ...over },
  );
const error = (more: object) => Object.assign(new Error("failed"), more);

describe("docs/reliability.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../../docs/reliability.md"), "utf8");
  const rows = page
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const answers = { always: "yes", unprocessed: "only if it was certainly not processed", never: "never" };

  it.each(Object.entries({ ...GRANTS, ...ENDPOINTS }))("says when %s is sent again: %s", (name, repeats) => {
    expect(rows.filter((row) => row[1]?.includes(`\`${name}\``)).map((row) => row[2])).toEqual([
      answers[repeats],
    ]);
  });

  it.each(Object.entries(FAILURES))("says what is sent again after %s: %j", (failure, repeated) => {
    const row = rows.find((one) => one[1] === `\`${failure}\``);
    const cells = (["always", "unprocessed"] as const).map((repeats) =>
      repeated.includes(repeats) ? "yes" : "no",
    );
    expect(row?.slice(3, 5)).toEqual(cells);
  });

  it("lists the statuses, the pauses", () => {
    expect(page).toContain(`HTTP ${Array.from(STATUSES).join(", ")}`);
    expect(page).toContain(`${FIRST_PAUSE_MS} ms`);
    expect(page).toContain(`${LONGEST_PAUSE_MS / 1000} seconds`);
  });
});

describe("a request is sent again", () => {
  it("after a failure with a pause that grows at random, and at once where only an idle connection was closed", () => {
    const pauses = Array.from({ length: 200 }, () => waitAfterFailure("broken", "always", 2) ?? NaN);
    expect(Math.max(...pauses)).toBeLessThan(2 * FIRST_PAUSE_MS);
    expect(new Set(pauses).size).toBeGreaterThan(100);
    expect(waitAfterFailure("closed", "unprocessed", 1)).toBe(0);
  });

  it.each<[string, Record<string, string>, number | undefined]>([
    ["seconds", { "retry-after": "2" }, 2000],
    [
      "a date, by the server's own clock",
      { "retry-after": "Fri, 01 Jan 2027 00:00:02 GMT", date: "Fri, 01 Jan 2027 00:00:00 GMT" },
      2000,
    ],
    [
      "a date, by this machine's clock if the server tells no time",
      { "retry-after": new Date(clock.now() + 2000).toUTCString() },
      2000,
    ],
    ["longer than a call waits", { "retry-after": "4" }, undefined],
    [
      "a long date",
      { "retry-after": "Fri, 01 Jan 2027 01:00:00 GMT", date: "Fri, 01 Jan 2027 00:00:00 GMT" },
      undefined,
    ],
  ])("after HTTP 429 as Retry-After says: %s", (_, headers, wait) => {
    expect(waitAfter(429, headers)).toBe(wait);
    expect(waitAfter(503, headers)).toBe(wait);
  });

  it.each(Array.from(STATUSES).filter((status) => status !== 429))(
    "after HTTP %i, with a pause",
    (status) => {
      expect(waitAfter(status)).toBeLessThan(FIRST_PAUSE_MS);
      for (const repeats of ["unprocessed", "never"])
        expect(waitAfter(status, {}, { repeats })).toBeUndefined();
    },
  );

  it("after HTTP 429 without Retry-After only if it is a document: Entra is promised a minute", () => {
    expect(waitAfter(429)).toBeUndefined();
    expect(waitAfter(429, {}, { isDocument: true })).toBeLessThan(FIRST_PAUSE_MS);
  });

  it.each([200, 302, 400, 401, 403, 404, 410, 505])("not after HTTP %i", (status) => {
    expect(waitAfter(status)).toBeUndefined();
  });
});

it.each([
  ...[408, 429, 500, 503, 505, 507, 520, 524].map((status) => [status, true] as const),
  ...[400, 401, 403, 404, 410].map((status) => [status, false] as const),
])("the error of HTTP %i says whether the call may succeed later: %j", (status, isRetryable) => {
  expect(withAttempts(clientAuthError("network_error", "It has failed."), { status })).toMatchObject({
    isRetryable,
  });
});

it.each<[string, string | undefined, Repeats]>([
  ["token_endpoint", "client_credentials", "always"],
  ["token_endpoint", "refresh_token", "unprocessed"],
  ["token_endpoint", "urn:example:of-tomorrow", "unprocessed"],
  ["token_endpoint", "toString", "unprocessed"],
  ["token_endpoint", undefined, "unprocessed"],
  ["token_endpoint", "authorization_code", "never"],
  ["revocation_endpoint", undefined, "always"],
  ["backchannel_authentication_endpoint", undefined, "unprocessed"],
])("a form for %s with the grant %p is sent again: %s", (endpoint, grant, repeats) => {
  expect(repeatsOfForm(endpoint, grant)).toBe(repeats);
});

it.each<[string, unknown, string]>([
  ["ECONNREFUSED", error({ code: "ECONNREFUSED" }), "no-connection"],
  [
    "a name that is not found, from fetch",
    new TypeError("fetch failed", { cause: error({ code: "ENOTFOUND" }) }),
    "no-connection",
  ],
  ["a mark of the client", error({ code: "X", isUnsent: true }), "no-connection"],
  ["an idle connection", error({ code: "UND_ERR_SOCKET", isUnsent: true, isClosed: true }), "closed"],
  ["ECONNRESET", error({ code: "ECONNRESET" }), "broken"],
  ["a text", "failed", "broken"],
  ["a certificate", error({ code: "DEPTH_ZERO_SELF_SIGNED_CERT", isUnsent: true }), "permanent"],
  ["a certificate for another name", error({ code: "ERR_TLS_CERT_ALTNAME_INVALID" }), "permanent"],
  ["a response that is too long", error({ isPermanent: true }), "permanent"],
])("%s is a failure of its kind", (_, reason, failure) => {
  expect(failureOf(reason)).toBe(failure);
});
