// SPDX-License-Identifier: Apache-2.0
#include "engine/live/redis/producer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace penstock {
namespace {

constexpr std::string_view kCancelMemory = "604800"; // seven days

std::string whyNot(const redisReply* reply) {
    return reply == nullptr ? "the connection to Redis is not there" : std::string(textOf(reply));
}

} // namespace

std::string newToken() {
    static thread_local std::random_device device;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", device(), device(), device(), device());
}

RedisProducer::RedisProducer(RedisConnection& redis, ProducerScripts& scripts, std::string queue)
    : redis_(redis), scripts_(scripts), queue_(std::move(queue)) {}

void RedisProducer::submit(WireMessage message, double nowSeconds, Done done) {
    if (message.envelope.token.empty()) message.envelope.token = newToken();
    const std::string member = writeMessage(message);
    const std::string active = activeKey(message.envelope.id);
    const std::string cancel = cancelKey(message.envelope.id);
    const std::string score = scoreText(messageScore(message.deadlineSeconds, message.enqueueSeq));
    const double left = std::max(1.0, std::ceil(message.deadlineSeconds - nowSeconds));
    const std::string expiry = fmt::format("{:.0f}", left);
    const std::string_view words[] = {queue_, active, cancel, message.envelope.token,
                                      expiry, score,  member};
    redis_.evaluate(scripts_.submit, 3, words, [done = std::move(done)](const redisReply* reply) {
        const bool accepted = reply != nullptr && !isError(reply);
        done(accepted, accepted ? std::string{} : whyNot(reply));
    });
}

void RedisProducer::cancel(const std::string& id, Done done) {
    redis_.command({"GET", activeKey(id)}, [this, id, done](const redisReply* reply) {
        if (reply == nullptr || isError(reply)) return done(false, whyNot(reply));
        if (isNothing(reply)) return done(false, fmt::format("no request \"{}\" is under way", id));
        redis_.command({"SET", cancelKey(id), textOf(reply), "EX", kCancelMemory},
                       [done](const redisReply* set) {
                           const bool good = set != nullptr && !isError(set);
                           done(good, good ? std::string{} : whyNot(set));
                       });
    });
}

} // namespace penstock
