import type { RedisServer } from "./redis-servers.js";

/**
 * Redis' clock cannot be set: everything that ends at a time ends earlier instead, the keys and the members of indexes,
 * whose scores are times in milliseconds. What has ended by then is gone, as it would be.
 */
const EARLIER = `for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'zset' then
    local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for at = 1, #members, 2 do
      redis.call('ZADD', key, string.format('%.0f', members[at + 1] - ARGV[1]), members[at])
    end
  end
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
end`;

/** Lets time pass in a Redis, as far as tests can see. */
export async function letPass(server: Pick<RedisServer, "command">, seconds: number): Promise<void> {
  await server.command("EVAL", EARLIER, "0", String(seconds * 1000));
}
