// SPDX-License-Identifier: Apache-2.0
#include "engine/live/redis/redis_key_value.h"

#include <fmt/format.h>

#include <random>

namespace penstock {
namespace {

std::string seconds(Duration ttl) {
    return std::to_string(std::chrono::ceil<std::chrono::seconds>(ttl).count());
}

StoreReply decision(const redisReply* reply) {
    if (reply == nullptr || isError(reply)) return {StoreReply::State::error, {}};
    return {numberOf(reply) == 1 ? StoreReply::State::granted : StoreReply::State::denied, {}};
}

} // namespace

RedisKeyValue::RedisKeyValue(RedisConnection& redis, QuotaScripts& scripts)
    : redis_(redis), scripts_(scripts), process_(std::random_device{}()) {}

void RedisKeyValue::get(std::string_view key, std::uint64_t tag, StoreListener& listener) {
    redis_.command({"GET", key}, [tag, &listener](const redisReply* reply) {
        if (reply == nullptr || isError(reply)) {
            listener.storeReplied(tag, {StoreReply::State::error, {}});
        } else if (isNothing(reply)) {
            listener.storeReplied(tag, {StoreReply::State::nothing, {}});
        } else {
            listener.storeReplied(tag, {StoreReply::State::text, textOf(reply)});
        }
    });
}

void RedisKeyValue::acquire(std::string_view key, std::int64_t limit, Duration ttl,
                            std::uint64_t tag, StoreListener& listener) {
    const std::string most = std::to_string(limit), keep = seconds(ttl);
    const std::string_view words[] = {key, most, keep};
    redis_.evaluate(scripts_.acquire, 1, words, [tag, &listener](const redisReply* reply) {
        listener.storeReplied(tag, decision(reply));
    });
}

void RedisKeyValue::release(std::string_view key, Duration ttl) {
    const std::string keep = seconds(ttl);
    const std::string_view words[] = {key, keep};
    redis_.evaluate(scripts_.release, 1, words, [](const redisReply*) {});
}

void RedisKeyValue::admit(std::string_view key, std::int64_t limit, Duration window,
                          std::uint64_t tag, StoreListener& listener) {
    const std::string most = std::to_string(limit), span = std::to_string(window.count());
    const std::string name = fmt::format(":{:08x}{}", process_, ++grants_);
    const std::string_view words[] = {key, most, span, name};
    redis_.evaluate(scripts_.admit, 1, words, [tag, &listener](const redisReply* reply) {
        listener.storeReplied(tag, decision(reply));
    });
}

void RedisKeyValue::admitLeased(const LeaseQuestion& question, std::uint64_t tag,
                                StoreListener& listener) {
    const std::string burst = fmt::format("{:.9g}", toSeconds(question.burst));
    const std::string_view words[] = {question.controlKey, question.stateKey, question.poolId,
                                      burst};
    redis_.evaluate(scripts_.admitLeased, 2, words, [tag, &listener](const redisReply* reply) {
        StoreReply said = decision(reply);
        if (reply != nullptr && numberOf(reply) == -1) said.state = StoreReply::State::nothing;
        listener.storeReplied(tag, said);
    });
}

} // namespace penstock
