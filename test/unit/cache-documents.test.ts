// proves: core/src/cache/schema/document.ts, core/src/cache/memory/load-and-dump.ts
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import {
  appPartition,
  assertionPartition,
  partitionName,
  userPartition,
} from "../../packages/core/src/cache/memory/partition-key.js";
import { authorityUrl } from "../../packages/core/src/authority/authority-url.js";
import { MemoryCache } from "../support/memory-cache.js";
import { TokenCache } from "../../packages/core/src/cache/token-cache.js";
import { createMemoryTokenStore } from "../../packages/core/src/cache/storage/memory-token-store.js";
import type { TokenStore } from "../../packages/core/src/cache/storage/token-store.js";
import { isObject } from "../../packages/core/src/encoding.js";
import { anyDocument, text } from "../support/cache-documents.js";
import { clientId, response } from "../support/cache-steps.js";
import { World } from "../support/cache-world.js";
import { isFull } from "../support/sample.js";
import { createTestClock } from "../support/test-clock.js";
import "../support/property-seed.js";
import { putStored, storedDocument } from "../support/stored.js";

describe("a document of the token cache, whoever wrote it and whatever else is in it", () => {
  const limits = {
    maxPartitions: 1000,
    clock: createTestClock(1_760_000_000_000),
    onForget: () => undefined,
  };
  const runs = { numRuns: isFull ? 400 : 130 };

  it("comes back from the cache as it was", () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const text = JSON.stringify(document);
        const cache = new MemoryCache(limits);
        cache.load(JSON.parse(text), true);
        expect(whole(cache.document())).toEqual(whole(JSON.parse(text)));
      }),
      runs,
    );
  });

  it("comes back from serialize as deserialize got it", () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const text = JSON.stringify(document);
        const cache = tokenCache(new MemoryCache(limits));
        cache.deserialize(text);
        expect(whole(JSON.parse(cache.serialize()))).toEqual(whole(JSON.parse(text)));
      }),
      runs,
    );
  });

  it("comes back as a partition, in memory and in a store, as it was", async () => {
    await fc.assert(
      fc.asyncProperty(
        anyDocument,
        fc.constantFrom(userPartition("U1.T1"), assertionPartition("h1")),
        async (document, key) => {
          const text = JSON.stringify(document);
          const cache = new MemoryCache(limits);
          cache.loadPartition(key, JSON.parse(text));
          expect(whole(cache.partitionDocument(key))).toEqual(whole(JSON.parse(text)));

          const store = createMemoryTokenStore(limits.clock);
          const name = partitionName(key);
          await putStored(store, name, text);
          await tokenCache(new MemoryCache(limits), store).write(key, () => undefined);
          expect(whole(JSON.parse((await storedDocument(store, name)) ?? "{}"))).toEqual(
            whole(JSON.parse(text)),
          );
        },
      ),
      runs,
    );
  });

  it("gives way, where it cannot be understood, to what is written in its place", () => {
    fc.assert(
      fc.property(response, fc.jsonValue({ maxDepth: 1 }), fc.boolean(), (one, odd, wholeSection) => {
        const { hosts, preferred } = one.place.cloud;
        const world = new World();
        const record = world.record(one, preferred, world.now);
        world.cache.save(record, hosts);
        const document = JSON.parse(JSON.stringify(world.cache.document())) as Record<
          string,
          Record<string, unknown>
        >;
        const [[key, token] = ["", undefined]] = Object.entries(document["AccessToken"] ?? {});

        const later = new World();
        later.cache.load(
          { AccessToken: wholeSection ? (odd ?? 1) : { [key]: { ...Object(odd), secret: 5 } } },
          true,
        );
        later.cache.save(record, hosts);
        expect(later.cache.document()["AccessToken"]).toMatchObject({ [key]: token });
      }),
      runs,
    );
  });

  it("makes no look-up, listing or removal fail", async () => {
    await fc.assert(
      fc.asyncProperty(anyDocument, text, clientId, async (document, name, client) => {
        const parts = new MemoryCache(limits);
        const cache = tokenCache(parts);
        cache.deserialize(JSON.stringify(document));
        const accounts = await cache.getAllAccounts();
        await cache.getAccounts({ username: name });
        await cache.getAccountByLocalId(name);
        const environments = new Set([name]);
        for (const partition of [...parts.users(), appPartition(client, name), assertionPartition("abc")]) {
          const query = { partition, clientId: client, environments, realms: [name] };
          parts.findTokens({ ...query, scopes: [name] });
          parts.findRefreshToken(query, true);
        }
        for (const account of accounts) await cache.removeAccount(account);
        expect(cache.stats().tokens).toBeGreaterThanOrEqual(0);
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      runs,
    );
  });
});

/** Objects as lists of their members in alphabetical order: compares members called `__proto__`, too. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isObject(value)) return value;
  const members = Object.entries(value).map(([name, member]) => [name, canonical(member)] as const);
  return { members: members.sort(([a], [b]) => (a < b ? -1 : 1)) };
}

/** The document with all five sections, as the peer writes it, too. */
function whole(document: Record<string, unknown> | undefined): unknown {
  const sections = ["Account", "IdToken", "AccessToken", "RefreshToken", "AppMetadata"].map(
    (name) => [name, {}] as const,
  );
  return canonical(Object.fromEntries([...sections, ...Object.entries(document ?? {})]));
}

function tokenCache(cache: MemoryCache, store?: TokenStore): TokenCache {
  return new TokenCache({
    memory: cache,
    store,
    onUnreadable: "refuse",
    clientId: "1",
    authorities: {
      aliasesOf: (host) => new Set([host]),
      isShared: () => false,
      url: (authority) => authorityUrl(authority, "AAD"),
    },
    now: () => 0,
    warn: () => undefined,
  });
}
