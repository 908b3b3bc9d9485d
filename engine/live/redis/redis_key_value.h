// SPDX-License-Identifier: Apache-2.0
#pragma once

// The KeyValue port on Redis, with the keys of llm-d-async, so that processors of both kinds share
// one budget and one set of quotas: a counter with a TTL for concurrency, a sorted set of times in
// nanoseconds for a sliding window, by Redis' clock. Run thread only.
#include "engine/live/redis/connection.h"
#include "engine/ports/key_value.h"

namespace penstock {

struct QuotaScripts {
    // KEYS counter; ARGV limit, TTL in seconds: 1 granted, 0 denied.
    RedisScript acquire{R"(
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if held >= tonumber(ARGV[1]) then return 0 end
redis.call('INCR', KEYS[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1)"};

    // KEYS counter; ARGV TTL in seconds, which is refreshed only while something is held.
    RedisScript release{R"(
local held = tonumber(redis.call('GET', KEYS[1]) or '0')
if held <= 0 then return 0 end
if redis.call('DECR', KEYS[1]) > 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return 1)"};

    // KEYS log of grants; ARGV limit, window in nanoseconds, what makes this grant's name its own.
    RedisScript admit{R"(
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1e9 + tonumber(time[2]) * 1e3
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now, string.format('%.0f', now) .. ARGV[3])
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[2]) / 1e9) + 1)
return 1)"};

    // KEYS lease state; ARGV pool, seconds of burst: one token of max(1, rate x burst) that all who
    // share the lease take from. 1 granted, 0 denied, -1 there is no whole and valid lease.
    RedisScript admitLeased{R"(
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local lease = {}
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do lease[flat[i]] = flat[i + 1] end
local rate = tonumber(lease['max_admission_rps'] or '')
local till = tonumber(lease['valid_until_unix_ms'] or '')
if lease['api_version'] ~= 'llm-d.ai/v1alpha1' or lease['pool_id'] ~= ARGV[1] or
   (lease['decision_id'] or '') == '' or not rate or rate ~= rate or rate < 0 or
   rate == math.huge or not till or till <= now then return -1 end
if rate == 0 then return 0 end
local most = math.max(1, rate * tonumber(ARGV[2]))
local state = redis.call('HMGET', KEYS[2], 'tokens', 'at_ms')
local tokens = most
if state[1] and state[2] then
  tokens = math.min(most, tonumber(state[1]) + math.max(0, now - tonumber(state[2])) / 1000 * rate)
end
local granted = tokens >= 1 and 1 or 0
redis.call('HSET', KEYS[2], 'tokens', tostring(tokens - granted), 'at_ms', string.format('%.3f', now))
redis.call('PEXPIRE', KEYS[2], 3600000)
return granted)"};

    std::vector<RedisScript*> all() { return {&acquire, &release, &admit, &admitLeased}; }
};

class RedisKeyValue final : public KeyValue {
  public:
    // Loop and connection outlive it; the connection has been given scripts.all().
    RedisKeyValue(RedisConnection& redis, QuotaScripts& scripts);

    void get(std::string_view key, std::uint64_t tag, StoreListener& listener) override;
    void acquire(std::string_view key, std::int64_t limit, Duration ttl, std::uint64_t tag,
                 StoreListener& listener) override;
    void release(std::string_view key, Duration ttl) override;
    void admit(std::string_view key, std::int64_t limit, Duration window, std::uint64_t tag,
               StoreListener& listener) override;
    void admitLeased(const LeaseQuestion& question, std::uint64_t tag,
                     StoreListener& listener) override;

  private:
    RedisConnection& redis_;
    QuotaScripts& scripts_;
    std::uint32_t process_;
    std::uint64_t grants_ = 0;
};

} // namespace penstock
