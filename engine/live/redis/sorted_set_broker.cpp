// SPDX-License-Identifier: Apache-2.0
#include "engine/live/redis/sorted_set_broker.h"

#include "engine/live/redis/sorted_set_queue.h"

#include <fmt/format.h>

#include <random>
#include <unordered_map>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLook = 1s;        // the port promises cancellations no older
constexpr Duration kMoveBusy = 200ms; // while retries wait
constexpr Duration kMoveIdle = 1s;

} // namespace

SortedSetBroker::SortedSetBroker(LiveLoop& loop, RedisConnection& redis, QueueScripts& scripts,
                                 SortedSetSettings settings)
    : loop_(loop), redis_(redis), scripts_(scripts), settings_(std::move(settings)),
      process_(std::random_device{}()) {
    for (std::size_t i = 0; i < settings_.queues.size(); ++i) {
        queues_.push_back(std::make_unique<SortedSetQueue>(*this, static_cast<std::uint16_t>(i),
                                                           settings_.queues[i]));
    }
    redis_.onReady([this] { up(); });
    loop_.arm(renewTimer_, loop_.now() + settings_.lease / 3);
    loop_.arm(scanTimer_, loop_.now() + settings_.reclaimScan);
    loop_.arm(moveTimer_, loop_.now() + kMoveBusy);
    loop_.arm(lookTimer_, loop_.now() + kLook);
}

SortedSetBroker::~SortedSetBroker() {
    loop_.disarm(renewTimer_);
    loop_.disarm(scanTimer_);
    loop_.disarm(moveTimer_);
    loop_.disarm(lookTimer_);
}

std::vector<RequestQueue*> SortedSetBroker::ports() {
    std::vector<RequestQueue*> out;
    for (const auto& queue : queues_)
        out.push_back(queue.get());
    return out;
}

std::size_t SortedSetBroker::unconfirmed() const {
    std::size_t sum = 0;
    for (const auto& queue : queues_)
        sum += queue->unconfirmed();
    return sum;
}

std::string SortedSetBroker::nextOwner() {
    return fmt::format("{:08x}{:08x}", process_, static_cast<std::uint32_t>(++claims_));
}

void SortedSetBroker::up() {
    for (const auto& queue : queues_)
        queue->up();
}

void SortedSetBroker::renew() {
    for (const auto& queue : queues_)
        queue->renew();
    loop_.arm(renewTimer_, loop_.now() + settings_.lease / 3);
}

void SortedSetBroker::scan() {
    for (const auto& queue : queues_)
        queue->scan();
    const double jitter = loop_.random(RandomStream::reclaimJitter, scans_++);
    loop_.arm(scanTimer_,
              loop_.now() + fromSeconds(toSeconds(settings_.reclaimScan) * (0.9 + 0.1 * jitter)));
}

void SortedSetBroker::look() {
    for (const auto& queue : queues_)
        queue->look();
    loop_.arm(lookTimer_, loop_.now() + kLook);
}

// Retries of all queues wait in one set. What is due goes back to the queue it came from, under the
// score of its deadline; a message that nobody can read is buried.
void SortedSetBroker::moveDue() {
    loop_.arm(moveTimer_, loop_.now() + kMoveIdle);
    if (moving_ || !redis_.ready()) return;
    moving_ = true;
    const std::string now = fmt::format("{:.6f}", unixSeconds(loop_.now()));
    const std::string most = std::to_string(settings_.retriesMovedAtOnce);
    redis_.command(
        {"ZRANGEBYSCORE", settings_.retryQueue, "-inf", now, "LIMIT", "0", most},
        [this](const redisReply* reply) {
            moving_ = false;
            const auto members = partsOf(reply);
            if (members.empty()) return;
            std::vector<std::string> queues, scores;
            std::vector<std::string_view> words, texts;
            for (const redisReply* each : members) {
                const auto message = reader_.read(textOf(each));
                const bool known = message && !message->requestQueue.empty();
                queues.push_back(known ? message->requestQueue : settings_.queues.front().name);
                scores.push_back(scoreText(
                    message ? messageScore(message->deadlineSeconds, message->enqueueSeq) : 0.0));
                texts.push_back(textOf(each));
            }
            words.push_back(settings_.retryQueue);
            for (const std::string& queue : queues)
                words.push_back(queue);
            for (std::size_t i = 0; i < texts.size(); ++i) {
                words.push_back(texts[i]);
                words.push_back(scores[i]);
            }
            redis_.evaluate(scripts_.due, 1 + queues.size(), words, [this](const redisReply*) {});
            loop_.arm(moveTimer_, loop_.now() + kMoveBusy);
        });
}

} // namespace penstock
