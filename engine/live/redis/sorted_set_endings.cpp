// SPDX-License-Identifier: Apache-2.0
// The ends of claims: collected while callbacks run, sent together, kept until Redis has confirmed
// them.
#include "engine/live/redis/sorted_set_queue.h"
#include "engine/types/check.h"

#include <algorithm>
#include <map>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEndedAtOnce = 64;
constexpr std::size_t kBytesAtOnce = std::size_t{256} * 1024;
constexpr Duration kFirstTryAfter = 50ms;
constexpr Duration kLastTryAfter = 1s;

} // namespace

void SortedSetQueue::finish(const Request& request, const ResultMessage& result,
                            std::uint32_t claim) {
    Record* record = held(request);
    PENSTOCK_CHECK(record != nullptr);
    const Envelope& envelope = record->message.envelope;
    Ending ending{.kind = Ending::Kind::finish, .slot = request.handle, .claim = claim};
    ending.text = resultText(envelope.id, result, envelope.token);
    ending.target = resultList(record->message.envelope.resultQueue);
    add(std::move(ending), *record);
}

void SortedSetQueue::park(const Request& request, Time due, std::uint32_t claim) {
    Record* record = held(request);
    PENSTOCK_CHECK(record != nullptr);
    record->message.retryCount = request.retries;
    record->message.classification = request.classification;
    record->message.requestQueue = settings_.name;
    Ending ending{.kind = Ending::Kind::park, .slot = request.handle, .claim = claim};
    // A payload kept apart stays there.
    std::string payload;
    const bool apart = !record->message.payloadRef.empty();
    if (apart) payload.swap(record->message.envelope.payload);
    ending.text = writeMessage(record->message);
    if (apart) payload.swap(record->message.envelope.payload);
    // A suspect that waits for a retry stays one: only the suspect lane may deliver it.
    ending.target = record->suspect ? suspectKey_ : broker_.settings_.retryQueue;
    ending.score = record->suspect ? record->score : unixSeconds(due);
    add(std::move(ending), *record);
}

void SortedSetQueue::giveBack(const Request& request, std::uint32_t claim) {
    Record* record = held(request);
    PENSTOCK_CHECK(record != nullptr);
    Ending ending{.kind = Ending::Kind::giveBack, .slot = request.handle, .claim = claim};
    ending.target = record->suspect ? suspectKey_ : settings_.name;
    ending.score = record->score;
    add(std::move(ending), *record);
}

void SortedSetQueue::forget(const Request& request, std::uint32_t claim) {
    Record* record = held(request);
    PENSTOCK_CHECK(record != nullptr);
    Ending ending{.kind = Ending::Kind::forget, .slot = request.handle, .claim = claim};
    ending.target = resultList(record->message.envelope.resultQueue);
    add(std::move(ending), *record);
}

void SortedSetQueue::add(Ending ending, Record& record) {
    PENSTOCK_CHECK(!record.ending);
    record.ending = true;
    ++unconfirmed_;
    if (record.gone) return settle(ending, Settlement::refused);
    endings_.push_back(std::move(ending));
    if (endings_.size() >= kEndedAtOnce && broker_.redis_.ready()) {
        flush();
    } else {
        broker_.loop_.flushLater(*this);
    }
}

void SortedSetQueue::flush() {
    if (againTimer_.armed()) return; // a pause after a failure
    if (!broker_.redis_.ready()) {
        for (Ending& ending : endings_)
            defer(ending);
        return; // up() sends them
    }
    std::vector<Ending> all;
    all.swap(endings_);
    std::vector<Ending> finishes;
    std::map<std::string, std::vector<Ending>> moves;
    std::size_t bytes = 0;
    for (Ending& ending : all) {
        if (ending.kind == Ending::Kind::park || ending.kind == Ending::Kind::giveBack) {
            std::vector<Ending>& batch = moves[ending.target];
            batch.push_back(std::move(ending));
            if (batch.size() == kEndedAtOnce) sendMoves(batch, batch.front().target);
            continue;
        }
        bytes += ending.text.size();
        finishes.push_back(std::move(ending));
        if (finishes.size() < kEndedAtOnce && bytes < kBytesAtOnce) continue;
        sendFinishes(finishes);
        bytes = 0;
    }
    if (!finishes.empty()) sendFinishes(finishes);
    for (auto& [target, batch] : moves) {
        if (!batch.empty()) sendMoves(batch, target);
    }
}

void SortedSetQueue::sendFinishes(std::vector<Ending>& batch) {
    std::vector<std::string> active, cancel;
    active.reserve(batch.size());
    cancel.reserve(batch.size());
    std::vector<std::string> payloads(batch.size());
    std::vector<std::string> ttls(batch.size(), "0");
    std::vector<std::string_view> words{claimedKey_, ownersKey_, indexKey_, attemptsKey_};
    for (const Ending& ending : batch)
        words.push_back(ending.target);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const Record& record = records_[batch[i].slot];
        const Envelope& envelope = record.message.envelope;
        active.push_back(activeKey(envelope.id));
        cancel.push_back(cancelKey(envelope.id));
        if (!record.message.payloadRef.empty())
            payloads[i] = payloadKey(envelope.id, envelope.token);
        if (record.message.resultTtlSeconds && *record.message.resultTtlSeconds > 0) {
            ttls[i] = std::to_string(*record.message.resultTtlSeconds);
        }
        words.insert(words.end(), {record.field, record.owner, batch[i].text, ttls[i], active[i],
                                   cancel[i], payloads[i], envelope.token});
    }
    const std::size_t keys = 4 + batch.size();
    broker_.redis_.evaluate(broker_.scripts_.finish, keys, words,
                            [this, sent = std::move(batch)](const redisReply* reply) mutable {
                                confirmed(sent, reply);
                            });
    batch.clear();
}

void SortedSetQueue::sendMoves(std::vector<Ending>& batch, const std::string& target) {
    std::vector<std::string> scores;
    scores.reserve(batch.size());
    std::vector<std::string_view> words{claimedKey_, ownersKey_, indexKey_, target};
    for (const Ending& ending : batch) {
        const Record& record = records_[ending.slot];
        scores.push_back(scoreText(ending.score));
        words.insert(words.end(), {record.field, record.owner, scores.back(), ending.text});
    }
    broker_.redis_.evaluate(broker_.scripts_.move, 4, words,
                            [this, sent = std::move(batch)](const redisReply* reply) mutable {
                                confirmed(sent, reply);
                            });
    batch.clear();
}

void SortedSetQueue::confirmed(std::vector<Ending>& batch, const redisReply* reply) {
    const auto answers = partsOf(reply);
    if (answers.size() != batch.size()) {
        // Not done, or done and the confirmation lost with the connection: the next try tells.
        for (Ending& ending : batch) {
            ++broker_.counts_.tried;
            ending.tried |= reply == nullptr;
            defer(ending);
            endings_.push_back(std::move(ending));
        }
        pause_ = pause_ == Duration{0} ? kFirstTryAfter : std::min(kLastTryAfter, 2 * pause_);
        broker_.loop_.arm(againTimer_, broker_.loop_.now() + pause_);
        return;
    }
    pause_ = Duration{0};
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::int64_t said = numberOf(answers[i]);
        const bool done = said == 1 || (said == 0 && batch[i].tried);
        settle(batch[i], done ? Settlement::done : Settlement::refused);
    }
}

// The engine is told once; until the last word the request stays its own.
void SortedSetQueue::defer(Ending& ending) {
    if (ending.deferred || listener_ == nullptr) return;
    ending.deferred = true;
    listener_->settled(index_, ending.claim, Settlement::deferred);
}

void SortedSetQueue::settle(const Ending& ending, Settlement settlement) {
    BrokerCounts& counts = broker_.counts_;
    if (settlement == Settlement::refused) {
        ++counts.refused;
    } else {
        switch (ending.kind) {
        case Ending::Kind::finish:
            ++counts.finished;
            break;
        case Ending::Kind::park:
            ++counts.parked;
            break;
        case Ending::Kind::giveBack:
            ++counts.givenBack;
            break;
        case Ending::Kind::forget:
            ++counts.forgotten;
            break;
        }
    }
    const std::uint32_t slot = ending.slot;
    if (listener_ != nullptr) listener_->settled(index_, ending.claim, settlement);
    release(slot);
}

void SortedSetQueue::release(std::uint32_t slot) {
    Record& record = records_[slot];
    if (record.suspect) suspectOut_ = false;
    record.held = false;
    record.message = {};
    --depth_.claimed;
    --unconfirmed_;
    records_.give(slot);
}

void SortedSetQueue::again() {
    flush();
}

} // namespace penstock
