// An app goes on while a sentinel replaces the master of its store, with the default limit for commands: no call fails as long as
// memory has a valid token, and what is renewed in the meantime is in the store afterwards, without a restart.
// proves: redis/src/availability.ts, core/src/cache/storage/unsaved.ts
import { afterAll, afterEach, beforeAll, expect, test } from "@jest/globals";
import type { AccountInfo, ClientApplication } from "@tessera/node";
import { createRedisStore, type RedisClient, type RedisTokenStore } from "@tessera/redis";
import { redeem, scopes, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";
import { describeWith } from "../support/real-part.js";
import { sentinelClientOf } from "../support/redis-clients.js";
import { hasRedis, startRedisWithSentinel, until } from "../support/redis-servers.js";

describeWith("redis-server", hasRedis(), () => {
  let provider: FakeProvider;
  const undo: (() => unknown)[] = [];
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(async () => provider.close());
  afterEach(async () => {
    for (const end of undo.splice(0).reverse()) await end();
    provider.reset();
  });

  /** Refresh tokens that are good for one request. */
  const rotating = (): void => {
    let current = 0;
    provider.answers.token = ({ form }) => {
      if (form["grant_type"] === "refresh_token" && form["refresh_token"] !== `refresh-${current}`)
        return { status: 400, body: { error: "invalid_grant" } };
      current += 1;
      const issued = { access_token: `access-${current}`, refresh_token: `refresh-${current}` };
      return { body: provider.tokens({ ...issued, scope: scopes.join(" ") }) };
    };
  };

  test.each(["redis 6", "ioredis 5"] as const)("a master that is gone, with %s", async (library) => {
    rotating();
    const watched = await startRedisWithSentinel();
    undo.push(async () => watched.stop());
    const open = async (): Promise<{ app: ClientApplication; store: RedisTokenStore }> => {
      const { client, close } = await sentinelClientOf(library, watched);
      const store = createRedisStore({ client: client as RedisClient });
      undo.push(close, async () => store.close());
      return { app: provider.confidential({ cache: { store } }), store };
    };
    const { app, store } = await open();
    const account = (await redeem(app)).account as AccountInfo;
    const silent = (one: ClientApplication) => one.acquireTokenSilent({ account, scopes });
    await until(async () => Number(await watched.replica.command("DBSIZE")) > 0);
    await watched.master.kill();

    // The first call notices, and a renewal in the meantime is kept until the store is back.
    const calls = [await silent(app)];
    provider.clock.advance(3700);
    calls.push(await silent(app));
    await until(async () => {
      calls.push(await silent(app));
      return (
        store.stats().available &&
        String(await watched.replica.command("INFO", "replication")).includes("role:master")
      );
    });
    expect(calls[0]).toMatchObject({ accessToken: "access-1", fromCache: true });
    expect(new Set(calls.slice(1).map(({ accessToken }) => accessToken))).toEqual(new Set(["access-2"]));

    // Another process finds what was renewed while there was no master.
    const other = await open();
    await until(async () => (await silent(other.app)).accessToken === "access-2");
    provider.clock.advance(3700);
    const renewed = await Promise.all([silent(app), silent(other.app)]);
    expect(renewed.map(({ accessToken }) => accessToken)).toEqual(["access-3", "access-3"]);
  });
});
