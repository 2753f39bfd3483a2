// Correlation ids, scopes (requests.md), the claims parameter (OpenID Connect Core §5.5) and Retry-After (RFC 9110 §10.2.3).
// proves: core/src/correlation-id.ts, core/src/request/scopes.ts, core/src/request/claims.ts,
// core/src/http/throttle.ts
import { describe, expect, it, test } from "@jest/globals";
import { newCorrelationId } from "../../packages/core/src/correlation-id.js";
import { retryAfterSeconds } from "../../packages/core/src/http/retry-after.js";
import { mergeClaims, type ClaimsSources } from "../../packages/core/src/request/claims.js";
import {
  requestedScopes,
  searchScopes,
  splitScopes,
  withoutOidcScopes,
  withScopes,
} from "../../packages/core/src/request/scopes.js";

test("each correlation id is another GUID of version 4", () => {
  const ids = Array.from({ length: 10_000 }, newCorrelationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids)
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
});

describe("scopes", () => {
  it.each([
    [["User.Read"], ["User.Read"]],
    [[" User.Read ", "", " ", "User.Read"], ["User.Read"]],
    [
      ["b", "a", "b"],
      ["b", "a"],
    ],
    [
      ["a", "A"],
      ["a", "A"],
    ],
  ])("that were asked for, %j, are sent trimmed, once each and in their order: %j", (asked, sent) => {
    const before = [...asked];
    expect(requestedScopes(asked, true)).toEqual(sent);
    expect(asked).toEqual(before);
  });

  it("of a user flow are followed by the missing ones that are added, without those that are left out", () => {
    const added = ["openid", "profile", "offline_access"];
    expect(withScopes(["a"], added, [])).toEqual(["a", "openid", "profile", "offline_access"]);
    expect(withScopes(["profile", "a"], added, [])).toEqual(["profile", "a", "openid", "offline_access"]);
    expect(withScopes(["a"], ["openid"], ["a", "profile"])).toEqual(["openid"]);
    expect(withScopes([], [], [])).toEqual([]);
  });

  it("of client credentials are without those of OpenID Connect", () => {
    expect(withoutOidcScopes(["openid", "api/.default", "offline_access"])).toEqual(["api/.default"]);
  });

  it.each([
    [["User.Read", "openid"], ["user.read"]],
    [
      ["openid", "profile", "offline_access"],
      ["openid", "profile"],
    ],
    [["email"], ["email"]],
    [["offline_access"], ["openid", "profile"]],
    [[], ["openid", "profile"]],
  ])("%j are looked for in the cache as %j", (asked, searched) => {
    expect(searchScopes(asked)).toEqual(searched);
  });

  it("in a response are split at spaces", () => {
    expect(splitScopes(" a  b ")).toEqual(["a", "b"]);
    expect(splitScopes("")).toEqual([]);
  });
});

describe("the claims parameter", () => {
  const defaults = { signin_state: { essential: false }, login_hint: { essential: false } };
  it.each<[string, Partial<ClaimsSources>, unknown]>([
    ["is absent when there is nothing to ask for", {}, undefined],
    ["is absent for an empty list of capabilities", { capabilities: [] }, undefined],
    ["carries capabilities", { capabilities: ["CP1"] }, { access_token: { xms_cc: { values: ["CP1"] } } }],
    [
      "carries a challenge and capabilities",
      { claims: { access_token: { acrs: { value: "c1" } } }, capabilities: ["CP1"] },
      { access_token: { acrs: { value: "c1" }, xms_cc: { values: ["CP1"] } } },
    ],
    [
      "carries the provider's defaults for the ID token",
      { idTokenDefaults: defaults },
      { id_token: defaults },
    ],
    [
      "lets the caller's wishes win over the defaults",
      {
        claims: { id_token: { login_hint: { essential: true }, auth_time: null } },
        idTokenDefaults: defaults,
      },
      { id_token: { ...defaults, login_hint: { essential: true }, auth_time: null } },
    ],
    [
      "lets a challenge win over the client's static claims, member by member",
      {
        claimsFromClient: { access_token: { a: { value: 1 }, b: 1 }, x: 1 },
        claims: { access_token: { a: { value: 2 }, c: 1 } },
      },
      { access_token: { a: { value: 2 }, b: 1, c: 1 }, x: 1 },
    ],
    [
      "replaces what is not an object",
      { claimsFromClient: { a: [1], b: "x" }, claims: { a: [2], b: { c: 1 } } },
      { a: [2], b: { c: 1 } },
    ],
  ])("%s", (_, sources, expected) => {
    const merged = mergeClaims(sources);
    expect(merged === undefined ? undefined : JSON.parse(merged)).toEqual(expected);
  });

  it("changes neither what it was given nor anything else, whatever the members are called", () => {
    const claims = JSON.parse(
      '{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":true}}}',
    ) as object;
    const sources = { claims: { ...claims }, claimsFromClient: { a: { b: 1 } }, capabilities: ["CP1"] };
    const before = JSON.stringify(sources);
    mergeClaims({ idTokenDefaults: {}, ...sources });
    expect(JSON.stringify(sources)).toBe(before);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("Retry-After", () => {
  const after = (header: string | undefined): Record<string, string> =>
    header === undefined ? {} : { "retry-after": header };
  const clock = { now: () => Date.parse("2026-01-01T00:00:00Z") };
  it.each<[string | undefined, number | undefined]>([
    [undefined, undefined],
    ["30", 30],
    [" 30 ", 30],
    ["0", 0],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60],
    ["Thursday, 01-Jan-26 00:01:00 GMT", 60],
    ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
    ["Thu Jan  1 00:01:00 2026", 60],
    ["soon", undefined],
    ["", undefined],
    ["-5", 0],
    ["1.5", 1.5],
    ["10, 20", 20],
  ])("%p is %p seconds", (header, seconds) => {
    expect(retryAfterSeconds(after(header), clock)).toBe(seconds);
  });

  it.each(["-5", "1e3", "0x10"])("%p holds nothing back", (header) => {
    expect(retryAfterSeconds(after(header), clock) ?? 0).toBeLessThanOrEqual(0);
  });
});
