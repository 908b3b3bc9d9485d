// SPDX-License-Identifier: Apache-2.0
#pragma once

// What must be one step in Redis. Keys and fields are those of llm-d-async 0.10, so that both can
// work on one queue; what is ours alone (suspect, dead, attempts) it does not see. A claim is named
// by its field (id, or id NUL token) and held by an owner: 16 hexadecimal digits, other ones for
// every claim, so that a late call about an earlier claim of the same request is refused too.
#include "engine/live/redis/connection.h"

namespace penstock {

struct QueueScripts {
    // KEYS pending claimed owners index; ARGV lease, then (member, field, owner, deadline)…
    // For each: 1 if it was taken, 0 if it is gone.
    RedisScript claim{R"(
local time = redis.call('TIME')
local till = tonumber(time[1]) + tonumber(time[2]) / 1e6 + tonumber(ARGV[1])
local out = {}
for i = 2, #ARGV, 4 do
  local taken = redis.call('ZREM', KEYS[1], ARGV[i])
  if taken == 1 then
    redis.call('HSET', KEYS[2], ARGV[i + 1], ARGV[i])
    redis.call('HSET', KEYS[3], ARGV[i + 1], ARGV[i + 2])
    redis.call('ZADD', KEYS[4], math.min(till, tonumber(ARGV[i + 3]) + 300), ARGV[i + 1])
  end
  out[#out + 1] = taken
end
return out)"};

    // KEYS claimed owners index attempts-prefix, then a result list each; ARGV of each: field,
    // owner, result, seconds to keep the list, active key, cancel key, payload key, token.
    // For each: 1 done, 0 there is no such claim, 2 it is another owner's.
    RedisScript finish{R"(
local out = {}
local n = 0
for i = 1, #ARGV, 8 do
  n = n + 1
  local field = ARGV[i]
  local owner = redis.call('HGET', KEYS[2], field)
  if not owner then
    out[n] = 0
  elseif owner ~= ARGV[i + 1] then
    out[n] = 2
  else
    if ARGV[i + 2] ~= '' then
      redis.call('LPUSH', KEYS[4 + n], ARGV[i + 2])
      if ARGV[i + 3] ~= '0' then redis.call('EXPIRE', KEYS[4 + n], ARGV[i + 3]) end
    end
    redis.call('HDEL', KEYS[1], field)
    redis.call('HDEL', KEYS[2], field)
    redis.call('ZREM', KEYS[3], field)
    redis.call('DEL', KEYS[4] .. field)
    if ARGV[i + 7] ~= '' then
      if redis.call('GET', ARGV[i + 4]) == ARGV[i + 7] then redis.call('DEL', ARGV[i + 4]) end
      if redis.call('GET', ARGV[i + 5]) == ARGV[i + 7] then redis.call('DEL', ARGV[i + 5]) end
      if ARGV[i + 6] ~= '' then redis.call('DEL', ARGV[i + 6]) end
    end
    out[n] = 1
  end
end
return out)"};

    // KEYS claimed owners index to; ARGV (field, owner, score, member)…: the claim ends and the
    // member lies in `to`. An empty member: as it was claimed. Answers as finish.
    RedisScript move{R"(
local out = {}
for i = 1, #ARGV, 4 do
  local field = ARGV[i]
  local owner = redis.call('HGET', KEYS[2], field)
  if not owner then
    out[#out + 1] = 0
  elseif owner ~= ARGV[i + 1] then
    out[#out + 1] = 2
  else
    local member = ARGV[i + 3]
    if member == '' then member = redis.call('HGET', KEYS[1], field) end
    if member then redis.call('ZADD', KEYS[4], ARGV[i + 2], member) end
    redis.call('HDEL', KEYS[1], field)
    redis.call('HDEL', KEYS[2], field)
    redis.call('ZREM', KEYS[3], field)
    out[#out + 1] = 1
  end
end
return out)"};

    // KEYS owners index; ARGV lease, then (field, owner, deadline)…: 1 if it is still held.
    RedisScript renew{R"(
local time = redis.call('TIME')
local till = tonumber(time[1]) + tonumber(time[2]) / 1e6 + tonumber(ARGV[1])
local out = {}
for i = 2, #ARGV, 3 do
  local mine = redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1]
  if mine then
    redis.call('ZADD', KEYS[2], math.min(till, tonumber(ARGV[i + 2]) + 300), ARGV[i])
  end
  out[#out + 1] = mine and 1 or 0
end
return out)"};

    // KEYS retry, then a queue each; ARGV (member, score)…: from the retry set to their queues.
    RedisScript due{R"(
local moved = 0
for i = 1, #ARGV, 2 do
  if redis.call('ZREM', KEYS[1], ARGV[i]) == 1 then
    redis.call('ZADD', KEYS[1 + (i + 1) / 2], ARGV[i + 1], ARGV[i])
    moved = moved + 1
  end
end
return moved)"};

    // KEYS claimed owners index; ARGV most: field, member and owner of claims whose lease has
    // passed.
    RedisScript expired{R"(
local time = redis.call('TIME')
local now = string.format('%.6f', tonumber(time[1]) + tonumber(time[2]) / 1e6)
local out = {}
for _, field in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, ARGV[1])) do
  local member = redis.call('HGET', KEYS[1], field)
  if member then
    out[#out + 1] = field
    out[#out + 1] = member
    out[#out + 1] = redis.call('HGET', KEYS[2], field) or ''
  else
    redis.call('ZREM', KEYS[3], field)
    redis.call('HDEL', KEYS[2], field)
  end
end
return out)"};

    // KEYS claimed owners index pending suspect dead result attempts; ARGV field, owner, member,
    // score, result, note for the dead list, seconds to remember deaths, whether there is a suspect
    // lane. How many owners died with it, or 0 if it is not as it was seen.
    RedisScript reclaim{R"(
local time = redis.call('TIME')
local till = redis.call('ZSCORE', KEYS[3], ARGV[1])
if not till or tonumber(till) > tonumber(time[1]) + tonumber(time[2]) / 1e6 then return 0 end
if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
local died = redis.call('INCR', KEYS[8])
redis.call('EXPIRE', KEYS[8], ARGV[7])
if died == 1 or ARGV[8] == '0' then
  redis.call('ZADD', KEYS[4], ARGV[4], ARGV[3])
elseif died == 2 then
  redis.call('ZADD', KEYS[5], ARGV[4], ARGV[3])
else
  redis.call('LPUSH', KEYS[6], ARGV[6])
  redis.call('LPUSH', KEYS[7], ARGV[5])
  redis.call('DEL', KEYS[8])
end
return died)"};

    // KEYS pending dead result; ARGV member, note for the dead list, result (empty: none): 1 done.
    RedisScript bury{R"(
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
if ARGV[2] ~= '' then redis.call('LPUSH', KEYS[2], ARGV[2]) end
if ARGV[3] ~= '' then redis.call('LPUSH', KEYS[3], ARGV[3]) end
return 1)"};

    std::vector<RedisScript*> all() {
        return {&claim, &finish, &move, &renew, &due, &expired, &reclaim, &bury};
    }
};

} // namespace penstock
