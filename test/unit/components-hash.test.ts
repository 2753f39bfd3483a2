// The part of an access token's key that tells apart tokens of one scope set: cache-schema.md.
// proves: core/src/cache/schema/keys.ts
import { describe, expect, it } from "@jest/globals";
import { componentsHash, extCacheKey } from "../../packages/core/src/cache/schema/keys.js";

describe.each([
  ["componentsHash", componentsHash],
  ["extCacheKey", extCacheKey],
])("%s", (_, hash) => {
  const some = { fmi_path: "a/b", client_claims: '{"x":1}', a: "", z: "é" };

  it("does not depend on the order of the components", () => {
    const entries = Object.entries(some);
    const first = hash(some);
    expect(first).toEqual(expect.any(String));
    for (let turn = 1; turn < entries.length; turn += 1) {
      const turned = [...entries.slice(turn), ...entries.slice(0, turn)];
      expect(hash(Object.fromEntries(turned))).toBe(first);
      expect(hash(Object.fromEntries(turned.reverse()))).toBe(first);
    }
  });

  it("depends on each name and value", () => {
    const others = [{ ...some, a: "1" }, { ...some, b: "" }, { fmi_path: "a/b" }, { fmi_path: "a/c" }];
    const hashes = [some, ...others].map((components) => hash(components));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it.each([undefined, {}])("is nothing for %j", (components) => {
    expect(hash(components)).toBeUndefined();
  });
});
