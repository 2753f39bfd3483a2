// A week of a website whose users come, go, sign out or just stay away: Redis keeps nothing of those who have left.
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import { describeWith } from "../support/real-part.js";
import { letPass } from "../support/redis-clock.js";
import { hasRedis } from "../support/redis-servers.js";
import { full } from "./load.js";
import { startWebsite, type Client, type Website } from "./website.js";

if (full) jest.setTimeout(3_600_000);

/** The week goes in steps of so many hours. Users come in each, and stay for some. */
const STEP_HOURS = full ? 1 : 6;
/** A minute more than its hours: what lives for a day has then ended for certain when it is counted, not just about. */
const STEP_SECONDS = STEP_HOURS * 3_600 + 60;
const COME_EACH_STEP = full ? 60 : 6;
const STEPS_ACTIVE = full ? 8 : 1;
const STEPS_A_DAY = 24 / STEP_HOURS;

let now = Date.now();
let site: Website;

/** What Redis has: values, members of indexes whose time is not over, and members in all. */
const CONTENTS = `local values, listed, members, bytes = 0, 0, 0, 0
local time = redis.call('TIME')
for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'zset' then
    members = members + redis.call('ZCARD', key)
    listed = listed + redis.call('ZCOUNT', key, time[1] * 1000, '+inf')
  else values = values + 1 end
  bytes = bytes + redis.call('MEMORY', 'USAGE', key, 'SAMPLES', 0)
end
return {values, listed, members, bytes}`;

async function contents(client: Client) {
  const [values = 0, listed = 0, members = 0, bytes = 0] = (await client.eval(CONTENTS)) as readonly number[];
  return { values, listed, members, bytes };
}

describeWith("redis-server", hasRedis(), () => {
  beforeAll(async () => {
    // Of a user who stays away, the session ends after a day.
    site = await startWebsite({ now: () => now, refreshToken: 86_400 });
  });
  afterAll(() => site.close());

  test("the memory of Redis stays the same for a week, with users who come, sign out or stay away", async () => {
    const [first, second] = [await site.process(), await site.process()];
    const control = await site.connect();
    /** A user who calls two APIs, whose access token has expired since the last time. */
    const visit = async (user: string, step: number) => {
      expect(await second.silent(user)).toMatchObject({ fromCache: false });
      await first.onBehalfOf(user, step);
      await second.onBehalfOf(user, step, ["Stock.Read"]);
    };

    const days: Awaited<ReturnType<typeof contents>>[] = [];
    for (let step = 0; step < 7 * STEPS_A_DAY; step += 1) {
      now += STEP_SECONDS * 1_000;
      await letPass(site.redis, STEP_SECONDS);
      const cameAt = (when: number) =>
        when < 0
          ? []
          : Array.from({ length: COME_EACH_STEP }, (_, index) => `u${when * COME_EACH_STEP + index}`);
      const here = Array.from({ length: STEPS_ACTIVE }, (_, age) => cameAt(step - 1 - age)).flat();
      await Promise.all(here.map((user) => visit(user, step)));
      // A third of those who leave signs out; the others do not come back.
      const leaving = cameAt(step - STEPS_ACTIVE).filter((_, index) => index % 3 === 0);
      await Promise.all(leaving.map(async (user) => second.signOut(user)));
      await Promise.all(cameAt(step).map(async (user) => first.signIn(user)));
      if ((step + 1) % STEPS_A_DAY === 0) days.push(await contents(control));
    }
    process.stdout.write(`${days.map((day) => JSON.stringify(day)).join("\n")}\n`);

    // The first users are gone on the third day; from then on as many go as come.
    const [, , third, ...later] = days;
    if (!third) throw new Error("the week has no third day");
    expect(third.values).toBeGreaterThan(STEPS_A_DAY * COME_EACH_STEP * 0.6);
    for (const { values, listed, members, bytes } of later) {
      expect({ values, listed }).toEqual({ values: third.values, listed: third.values });
      // What is over leaves an index when it is written to the next time. Users' names are longer each day, in digits.
      expect(members).toBeLessThanOrEqual(listed * 1.1);
      expect(bytes).toBeLessThan(third.bytes * 1.01);
    }
    expect(site.authority.refusals).toEqual([]);
  });
});
