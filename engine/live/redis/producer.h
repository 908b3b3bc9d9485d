// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sender's side of a queue in Redis, as llm-d-async's producers write it: submit, withdraw,
// receive results, and look at a queue without touching it. Run thread only.
#include "engine/config/wire/wire.h"
#include "engine/live/redis/connection.h"

#include <cstdint>
#include <functional>
#include <string>

namespace penstock {

struct ProducerScripts {
    // KEYS queue active cancel; ARGV token, seconds to the deadline, score, member. A cancel marker
    // of an earlier life of the id goes.
    RedisScript submit{R"(
redis.call('DEL', KEYS[3])
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
return 1)"};

    std::vector<RedisScript*> all() { return {&submit}; }
};

class RedisProducer {
  public:
    RedisProducer(RedisConnection& redis, ProducerScripts& scripts, std::string queue);

    using Done = std::function<void(bool accepted, const std::string& why)>;
    // `message.envelope.id` and deadline are set; a token is drawn if it has none.
    void submit(WireMessage message, double nowSeconds, Done done);
    // Withdraws the request that is known under this id now; `done(false)` if there is none.
    void cancel(const std::string& id, Done done);

  private:
    RedisConnection& redis_;
    ProducerScripts& scripts_;
    std::string queue_;
};

// 128 random bits in hexadecimal.
std::string newToken();

} // namespace penstock
