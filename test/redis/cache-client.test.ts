// Redis behind the plugin of apps that do not use a store yet, the peer's and this one.
// proves: redis/src/create-redis-cache-client.ts
import { randomBytes } from "node:crypto";
import * as peer from "@azure/msal-node";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ConfidentialClientApplication, DistributedCachePlugin } from "@tessera/node";
import { createRedisCacheClient, type RedisCacheClientOptions, type RedisClient } from "@tessera/redis";
import { startEntra, type Entra } from "../support/entra.js";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { describeWith } from "../support/real-part.js";
import { clientOf, type AppClient } from "../support/redis-clients.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";
import { signInWithCode } from "../support/sign-in-with-code.js";

const scopes = ["https://graph.microsoft.com/User.Read"];
const alice = "alice@contoso.example";
const encryption = { nameKey: randomBytes(32), keys: [{ id: "2026-11", key: randomBytes(32) }] };

describeWith("redis-server", hasRedis(), () => {
  let entra: Entra;
  let network: PeerNetwork;
  let server: RedisServer;
  let clients: readonly [AppClient, AppClient];
  beforeAll(async () => {
    entra = await startEntra();
    network = peerNetwork(entra.authority.caPem);
    server = await startRedis();
    clients = await Promise.all([clientOf("redis 6", server), clientOf("ioredis 5", server)]);
  });
  afterAll(async () => {
    await Promise.all(clients.map(async ({ close }) => close()));
    await Promise.all([server.stop(), network.close(), entra.close()]);
  });

  /** An app in a process of its own: nothing is in its memory. */
  const appOf = (
    library: "tessera" | "peer",
    { client }: AppClient,
    session: { key: string },
    options: Partial<RedisCacheClientOptions> = {},
  ): ConfidentialClientApplication => {
    const cache = createRedisCacheClient({ client: client as RedisClient, ...options });
    const partitions = {
      getKey: async () => session.key,
      extractKey: async ({ homeAccountId }: { readonly homeAccountId: string }) => homeAccountId,
    };
    // The peer has no clock to set: what it stores now must not come from the future.
    const { auth, system } = entra.configuration("confidential", { system: { clock: Date } });
    if (library === "tessera")
      return new ConfidentialClientApplication({
        auth,
        system,
        cache: { cachePlugin: new DistributedCachePlugin(cache, partitions) },
      });
    const { clientId, authority, clientSecret } = auth as Required<typeof auth>;
    return new peer.ConfidentialClientApplication({
      auth: {
        clientId,
        authority,
        clientSecret: String(clientSecret),
        knownAuthorities: [new URL(authority).host],
      },
      system: { networkClient: network },
      cache: { cachePlugin: new peer.DistributedCachePlugin(cache, partitions) },
    }) as unknown as ConfidentialClientApplication;
  };

  test.each([
    ["tessera", "tessera", {}],
    ["peer", "peer", {}],
    ["peer", "tessera", { prefix: "encrypted:", encryption }],
    ["tessera", "peer", { prefix: "encrypted:", encryption }],
  ] as const)(
    "a user who signs in through %s is known to another process with %s",
    async (first, second, options) => {
      await server.command("FLUSHALL");
      const session = { key: "" };
      const { account } = await signInWithCode(
        entra,
        appOf(first, clients[0], session, options),
        scopes,
        alice,
      );
      const key = account?.homeAccountId ?? "";
      const other = appOf(second, clients[1], { key }, options);
      const requests = entra.tokenRequests();
      const [found] = await other.getTokenCache().getAllAccounts();
      expect(found).toMatchObject({ homeAccountId: key, username: alice });
      const result = found && (await other.acquireTokenSilent({ account: found, scopes }));
      expect(result?.fromCache).toBe(true);
      expect(entra.tokenRequests()).toBe(requests);
      // Another user's session has nothing of it, and the key does not say whose it is.
      expect(
        await appOf(second, clients[1], { key: "nobody" }, options).getTokenCache().getAllAccounts(),
      ).toEqual([]);
      const keys = (await server.command("KEYS", "*")) as string[];
      expect(keys).toHaveLength(1);
      expect(keys.join()).not.toContain(key.split(".")[0]);
      expect(String(await server.command("GET", keys[0] ?? "")).includes(alice)).toBe(
        !("encryption" in options),
      );
      expect(Number(await server.command("TTL", keys[0] ?? ""))).toBeGreaterThan(89 * 86_400);
    },
  );

  test("a value of another program is an error that names the key, and a server that refuses is one with its cause", async () => {
    const [{ client }] = clients;
    const cache = createRedisCacheClient({ client: client as RedisClient });
    expect(await cache.get("nobody")).toBe("");
    expect(await cache.set("somebody", "{}")).toBe("{}");
    const [key = ""] = (await server.command("KEYS", "tessera:cache:*")) as string[];
    await server.command("SET", key, "of another program");
    await expect(cache.get("somebody")).rejects.toMatchObject({
      errorCode: "cache_store_failed",
      message: expect.stringContaining(key),
    });
    await server.command("DEL", key);
    await server.command("LPUSH", key, "1");
    await expect(cache.get("somebody")).rejects.toMatchObject({
      errorCode: "cache_store_failed",
      cause: { message: expect.stringContaining("WRONGTYPE") },
    });
  });

  test.each([
    [{}, "client is missing"],
    [{ leaseMs: 1 }, "leaseMs is not an option of createRedisCacheClient"],
    [{ encryption: {} }, "encryption.nameKey is not a Buffer"],
  ])("options that cannot be used are refused", (options, message) => {
    expect(() => createRedisCacheClient(options as unknown as RedisCacheClientOptions)).toThrow(message);
  });
});
