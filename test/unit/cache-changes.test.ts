// proves: core/src/cache/memory/write.ts
import { describe, expect, it } from "@jest/globals";
import { appPartition } from "../../packages/core/src/cache/memory/partition-key.js";
import type { MemoryCache } from "../support/memory-cache.js";
import {
  accessToken,
  account,
  alice,
  clientId,
  environment,
  home,
  hosts,
  newCache,
  refreshToken,
} from "../support/cache-entities.js";

describe("every change", () => {
  const changes: Readonly<Record<string, (cache: MemoryCache) => void>> = {
    save: (cache) => cache.save({ partition: alice, accessToken: accessToken({ secret: "new" }) }, hosts),
    "save of a family": (cache) =>
      cache.save({ partition: alice, appMetadata: { client_id: "c", environment } }, hosts),
    removeRefreshToken: (cache) => cache.removeRefreshToken(alice, "fresh"),
    removeUser: (cache) => cache.removeUser(home, hosts),
    removeAppTokens: (cache) => cache.removeAppTokens(clientId),
    removePartition: (cache) => cache.removePartition(alice),
    clear: (cache) => cache.clear(),
    "load in place": (cache) => cache.load({}, true),
    loadPartition: (cache) => cache.loadPartition(alice, { AccessToken: { t: accessToken() } }),
    "load in place, and save": (cache) => {
      cache.load({ RefreshToken: { r: refreshToken({ secret: "elsewhere" }) } }, true);
      cache.save({ partition: alice, accessToken: accessToken({ secret: "new" }) }, hosts);
    },
  };
  const filled = (): MemoryCache => {
    const cache = newCache();
    const kept = { account: account(), accessToken: accessToken(), refreshToken: refreshToken() };
    cache.save({ partition: alice, ...kept }, hosts);
    const own = accessToken({ home_account_id: "" });
    cache.save({ partition: appPartition(clientId, "t1"), accessToken: own }, hosts);
    return cache;
  };

  it.each(Object.entries(changes))("is seen in the revision, and so is its undoing: %s", (_, change) => {
    const cache = filled();
    const before = cache.revision;
    const checkpoint = cache.checkpoint();
    change(cache);
    const after = cache.revision;
    expect(after).toBeGreaterThan(before);
    checkpoint.rollBack();
    expect(cache.revision).toBeGreaterThan(after);
  });

  it.each<[string, (cache: MemoryCache) => void]>([
    ["a refresh token that is there no more", (cache) => cache.removeRefreshToken(alice, "rotated")],
    ["a user who is not known", (cache) => cache.removeUser("u9.t1", hosts)],
    ["a user of another provider", (cache) => cache.removeUser(home, new Set(["op.example"]))],
    ["another app's tokens", (cache) => cache.removeAppTokens("client-b")],
  ])("is a change: to remove %s is none", (_, remove) => {
    const cache = filled();
    const before = cache.revision;
    remove(cache);
    expect(cache.revision).toBe(before);
  });

  it.each(Object.entries(changes))("can be undone, and is kept otherwise: %s", (_, change) => {
    const cache = filled();
    const before = JSON.stringify(cache.document());
    const undone = cache.checkpoint();
    change(cache);
    undone.rollBack();
    expect(cache.document()).toEqual(JSON.parse(before));
    expect(cache.usersBy({ username: "alice" })).toEqual([alice]);

    const kept = cache.checkpoint();
    change(cache);
    const after = JSON.stringify(cache.document());
    kept.commit();
    expect(after).not.toBe(before);
    expect(JSON.stringify(cache.document())).toBe(after);
  });
});
