// A week of a website whose users come, go, sign out or just stay away: Redis keeps nothing of those who have left.
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { ConfidentialClientApplication } from "@tessera/node";
import { createRedisStore, type RedisTokenStore } from "@tessera/redis";
import { createClient } from "redis";
import { describeWith } from "../support/real-part.js";
import { hasRedis, startRedis, type RedisServer } from "../support/redis-servers.js";
import { full } from "./load.js";
import { startStrictAuthority, type StrictAuthority } from "./strict-authority.js";

if (full) jest.setTimeout(3_600_000);

const COME_EACH_HOUR = full ? 60 : 2;
const HOURS_ACTIVE = full ? 8 : 1;
const scopes = ["Orders.Read"];

let now = Date.now();
let redis: RedisServer;
let authority: StrictAuthority;
const stores: RedisTokenStore[] = [];
const clients: Client[] = [];

async function connect() {
  const client = createClient({ url: redis.url, RESP: 3 });
  return client.connect();
}
type Client = Awaited<ReturnType<typeof connect>>;

async function connected(): Promise<Client> {
  const client = await connect();
  clients.push(client);
  return client;
}

/** One process of the website, with the API behind it. */
async function startProcess() {
  const store = createRedisStore({ client: await connected() });
  stores.push(store);
  const application = (clientId: string) =>
    new ConfidentialClientApplication({
      auth: { ...authority.auth(clientId), clientSecret: "secret" },
      cache: { store },
      system: { clock: { now: () => now }, proxy: false },
    });
  return { web: application("web"), api: application("api") };
}

/**
 * Lets an hour pass in Redis, whose clock cannot be set: everything that ends at a time ends an hour earlier, the keys and
 * the members of indexes, whose scores are times. What has ended by then is gone, as it would be.
 */
const AN_HOUR_LATER = `for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'zset' then
    local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for at = 1, #members, 2 do
      redis.call('ZADD', key, string.format('%.0f', members[at + 1] - 3600000), members[at])
    end
  end
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - 3600000) end
end`;

/** What Redis has: keys, members of its indexes, and bytes in all that the keys and their values take. */
const CONTENTS = `local keys = redis.call('KEYS', '*')
local members, bytes = 0, 0
for _, key in ipairs(keys) do
  if redis.call('TYPE', key).ok == 'zset' then members = members + redis.call('ZCARD', key) end
  bytes = bytes + redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)
end
return {#keys, members, bytes}`;

async function contents(client: Client) {
  const [keys = 0, members = 0, bytes = 0] = (await client.eval(CONTENTS)) as readonly number[];
  return { keys, members, bytes };
}

describeWith("redis-server", hasRedis(), () => {
  beforeAll(async () => {
    redis = await startRedis();
    // Of a user who stays away, the session ends after a day.
    authority = await startStrictAuthority({ now: () => now, refreshToken: 86_400 });
  });
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    for (const client of clients) client.destroy();
    await authority.close();
    await redis.stop();
  });

  test("the memory of Redis stays the same for a week, with users who come, sign out or stay away", async () => {
    const [first, second] = [await startProcess(), await startProcess()];
    const control = await connected();
    const signIn = async (user: string) => {
      const code = authority.code(user);
      await first.web.acquireTokenByCode({ code, scopes, redirectUri: "https://shop.example/signed-in" });
    };
    /** A user who calls two APIs, whose access token has expired since the last time. */
    const visit = async (user: string, hour: number) => {
      const account = await second.web.getAccountByHomeId(authority.homeAccountId(user));
      if (!account) throw new Error(`${user} has been signed out`);
      const { fromCache } = await second.web.acquireTokenSilent({ account, scopes });
      expect(fromCache).toBe(false);
      const oboAssertion = authority.assertion(user, hour);
      await first.api.acquireTokenOnBehalfOf({ oboAssertion, scopes });
      await second.api.acquireTokenOnBehalfOf({ oboAssertion, scopes: ["Stock.Read"] });
    };
    const signOut = async (user: string) => {
      const account = await second.web.getAccountByHomeId(authority.homeAccountId(user));
      if (account) await second.web.signOut({ account });
    };

    const days: Awaited<ReturnType<typeof contents>>[] = [];
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      now += 3_600_000;
      await control.eval(AN_HOUR_LATER);
      const cameAt = (when: number) =>
        when < 0
          ? []
          : Array.from({ length: COME_EACH_HOUR }, (_, index) => `u${when * COME_EACH_HOUR + index}`);
      const here = Array.from({ length: HOURS_ACTIVE }, (_, age) => cameAt(hour - 1 - age)).flat();
      await Promise.all(here.map((user) => visit(user, hour)));
      // A third of those who leave signs out; the others do not come back.
      const leaving = cameAt(hour - HOURS_ACTIVE).filter((_, index) => index % 3 === 0);
      await Promise.all(leaving.map(signOut));
      await Promise.all(cameAt(hour).map(signIn));
      if (hour % 24 === 23) days.push(await contents(control));
    }
    process.stdout.write(`${days.map((day) => JSON.stringify(day)).join("\n")}\n`);

    // The first users are gone on the third day; from then on as many go as come.
    const [, , third, ...later] = days;
    if (!third) throw new Error("the week has no third day");
    expect(third.keys).toBeGreaterThan(24 * COME_EACH_HOUR * 0.6);
    for (const { keys, members, bytes } of later) {
      expect(keys).toBeLessThan(third.keys * 1.1);
      expect(members).toBeLessThan(third.members * 1.1 + 3);
      expect(bytes).toBeLessThan(third.bytes * 1.05);
    }
    expect(authority.refusals).toEqual([]);
  });
});
