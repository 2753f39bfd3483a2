import { script } from "./connection/script.js";
import { HEAD_LENGTH, MAGIC, VERSION_AT } from "./envelope.js";

/**
 * Lists a member until its time is up, never for less long than before: whoever reads an index by time meets each member.
 * Each time counts, so that a member that has been listed again is not taken for the one that was.
 */
const LIST = `local function list(index, member, ttl)
  local now = redis.call('TIME')
  now = now[1] * 1000 + math.floor(now[2] / 1000)
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
  local score = now + ttl
  local old = tonumber(redis.call('ZSCORE', index, member) or 0)
  if old >= score then score = old + 1 end
  redis.call('ZADD', index, string.format('%.0f', score), member)
  redis.call('PEXPIRE', index, math.max(redis.call('PTTL', index), score - now + 1))
end`;

/**
 * Stores or removes a value if its version is the expected one, in one step with the index of its slot.
 *
 * KEYS: the value; the lease of its turn, if there is a fence; the index, if there is a member. While a slot moves to another
 * server, a script runs only if its keys are all in one place, so there is none that is not needed.
 * ARGV: the expected version, the value or nothing to remove it, its version, its time to live in milliseconds, the fence or
 * nothing, the channel or nothing, the member or nothing, `1` if it is listed from now on.
 */
export const STORE = script(`${LIST}
local head = redis.call('GETRANGE', KEYS[1], 0, ${HEAD_LENGTH - 1})
if head ~= '' and string.sub(head, 1, ${MAGIC.length}) ~= '${MAGIC}' then return {'foreign'} end
local version = string.sub(head, ${VERSION_AT + 1})
if version ~= '' and version == ARGV[3] then return {'stored'} end
if ARGV[5] ~= '' and redis.call('GET', KEYS[2]) ~= ARGV[5] then return {'fenced'} end
if version ~= ARGV[1] then return {'conflict', redis.call('GET', KEYS[1])} end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[4]) end
if ARGV[8] == '1' then list(KEYS[#KEYS], ARGV[7], tonumber(ARGV[4]))
elseif ARGV[7] ~= '' then redis.call('ZREM', KEYS[#KEYS], ARGV[7]) end
if ARGV[6] ~= '' then redis.pcall('PUBLISH', ARGV[6], KEYS[1]) end
return {'stored'}`);

/** Lists a member in an index of another slot. KEYS: the index. ARGV: the member, its time to live in milliseconds. */
export const ENLIST = script(`${LIST}
list(KEYS[1], ARGV[1], tonumber(ARGV[2]))
return 1`);

/** Takes a member off an index, unless it has been listed again since. KEYS: the index. ARGV: the member, its score. */
export const DELIST = script(`if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])`);

/**
 * Reads members with their scores, and all of the last score. KEYS: the index. ARGV: the least score, how many.
 */
export const PAGE =
  script(`local found = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
if #found < 2 * ARGV[2] then return found end
local last, count = found[#found], 0
for at = 2, #found, 2 do if found[at] == last then count = count + 1 end end
local same = redis.call('ZRANGEBYSCORE', KEYS[1], last, last)
for at = count + 1, #same do
  found[#found + 1] = same[at]
  found[#found + 1] = last
end
return found`);
