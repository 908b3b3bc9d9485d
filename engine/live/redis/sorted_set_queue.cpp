// SPDX-License-Identifier: Apache-2.0
// Claiming, renewing, and taking over what dead owners held.
#include "engine/live/redis/sorted_set_queue.h"

#include "engine/types/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRenewedAtOnce = 512;
constexpr std::string_view kReclaimedAtOnce = "100";

std::string claimField(const Envelope& envelope) {
    std::string field = envelope.id;
    if (!envelope.token.empty()) {
        field += '\0';
        field += envelope.token;
    }
    return field;
}

} // namespace

SortedSetQueue::SortedSetQueue(SortedSetBroker& broker, std::uint16_t index,
                               const SortedSetSettings::Queue& settings)
    : broker_(broker), index_(index), settings_(settings), claimedKey_(settings.name + ":claimed"),
      ownersKey_(settings.name + ":claim-owners"), indexKey_(settings.name + ":claims-idx"),
      suspectKey_(settings.name + ":suspect"), deadKey_(settings.name + ":dead"),
      attemptsKey_(settings.name + ":attempts:") {
    depth_.known = false;
}

SortedSetQueue::~SortedSetQueue() {
    broker_.loop_.disarm(againTimer_);
    broker_.loop_.forget(*this);
}

QueueTraits SortedSetQueue::traits() const {
    QueueTraits traits;
    traits.exactDepth = false;
    traits.announces = false;
    return traits;
}

void SortedSetQueue::attach(QueueListener& listener, std::uint16_t queue) {
    PENSTOCK_CHECK(queue == index_);
    listener_ = &listener;
}

void SortedSetQueue::detach(QueueListener& listener) {
    if (listener_ == &listener) listener_ = nullptr;
}

SortedSetQueue::Record* SortedSetQueue::held(const Request& request) {
    if (!records_.taken(request.handle)) return nullptr;
    Record& record = records_[request.handle];
    return record.held && record.request.number == request.number ? &record : nullptr;
}

bool SortedSetQueue::cancelled(const Request& request) const {
    return records_.taken(request.handle) && records_[request.handle].cancelled;
}

const std::string& SortedSetQueue::resultList(const std::string& ofMessage) const {
    if (!settings_.resultQueue.empty()) return settings_.resultQueue;
    return ofMessage.empty() ? broker_.settings_.resultQueue : ofMessage;
}

// ---- claiming: look at the head, read it, take what can be read

void SortedSetQueue::claim(std::int32_t max) {
    PENSTOCK_CHECK(listener_ != nullptr && max > 0 && peeked_.empty());
    taken_.clear();
    if (!broker_.redis_.ready()) return answer(ClaimAnswer::unreachable);
    claimingSuspect_ = suspects_ > 0 && !suspectOut_;
    const std::string last = std::to_string(claimingSuspect_ ? 0 : max - 1);
    broker_.redis_.command({"ZCARD", suspectKey_},
                           [this](const redisReply* reply) { suspects_ = numberOf(reply); });
    broker_.redis_.command(
        {"ZRANGE", claimingSuspect_ ? suspectKey_ : settings_.name, "0", last, "WITHSCORES"},
        [this, max](const redisReply* reply) { peeked(reply, max, claimingSuspect_); });
}

void SortedSetQueue::answer(ClaimAnswer answer) {
    depth_.known = answer == ClaimAnswer::answered;
    if (listener_ != nullptr) listener_->claimed(index_, answer, taken_);
}

void SortedSetQueue::peeked(const redisReply* reply, std::int32_t max, bool suspects) {
    if (reply == nullptr || isError(reply)) return answer(ClaimAnswer::unreachable);
    const auto parts = partsOf(reply);
    owners_.clear();
    for (std::size_t i = 0; i + 1 < parts.size(); i += 2) {
        std::string member(textOf(parts[i]));
        auto message = broker_.reader_.read(member);
        if (!message) {
            bury(member, message.error());
            continue;
        }
        Peeked one{std::move(*message), std::move(member), {}, 0.0};
        one.field = claimField(one.message.envelope);
        one.score = std::strtod(std::string(textOf(parts[i + 1])).c_str(), nullptr);
        peeked_.push_back(std::move(one));
        owners_.push_back(broker_.nextOwner());
    }
    if (!suspects) {
        // Fewer than asked for: that was all.
        const auto seen = static_cast<std::int64_t>(parts.size() / 2);
        depth_.pending = seen < max ? 0 : std::max<std::int64_t>(depth_.pending, 1);
    }
    if (peeked_.empty()) return answer(ClaimAnswer::answered);
    const std::string lease = fmt::format("{:.3f}", toSeconds(broker_.settings_.lease));
    std::vector<std::string> deadlines, marks;
    std::vector<std::string_view> words{suspects ? suspectKey_ : settings_.name, claimedKey_,
                                        ownersKey_, indexKey_, lease};
    deadlines.reserve(peeked_.size());
    marks.reserve(peeked_.size());
    std::vector<std::string_view> asked{"MGET"};
    for (std::size_t i = 0; i < peeked_.size(); ++i) {
        const Peeked& one = peeked_[i];
        deadlines.push_back(fmt::format("{:.0f}", std::ceil(one.message.deadlineSeconds)));
        marks.push_back(cancelKey(one.message.envelope.id));
        words.insert(words.end(), {one.member, one.field, owners_[i], deadlines.back()});
        asked.push_back(marks.back());
    }
    // The reader has seen to it that a payload kept apart is under its own name.
    std::vector<std::string> payloads;
    payloads.reserve(peeked_.size());
    for (Peeked& one : peeked_) {
        if (one.message.payloadRef.empty()) continue;
        one.payload = static_cast<std::int32_t>(peeked_.size() + payloads.size());
        payloads.push_back(payloadKey(one.message.envelope.id, one.message.envelope.token));
        asked.push_back(payloads.back());
    }
    auto claims = std::make_shared<std::vector<char>>();
    broker_.redis_.evaluate(broker_.scripts_.claim, 4, words, [claims](const redisReply* got) {
        for (const redisReply* each : partsOf(got))
            claims->push_back(numberOf(each) == 1);
    });
    broker_.redis_.command(asked, [this, claims](const redisReply* got) {
        std::vector<Peeked> seen;
        seen.swap(peeked_);
        const auto cancelled = partsOf(got);
        if (claims->size() != seen.size() || cancelled.size() < seen.size()) {
            // It may have been carried out, and then it is ours without our knowing what it took.
            // Left to its lease it would count as a death, and three of those are poison.
            for (std::size_t i = 0; i < seen.size(); ++i)
                orphans_.push_back({std::move(seen[i].field), std::move(owners_[i]), seen[i].score,
                                    claimingSuspect_});
            giveBackOrphans();
            return answer(ClaimAnswer::unreachable);
        }
        const Time now = broker_.loop_.now();
        for (std::size_t i = 0; i < seen.size(); ++i) {
            if (!(*claims)[i]) continue; // another processor was faster
            if (seen[i].payload != kWithin) {
                const std::string_view payload =
                    textOf(cancelled[static_cast<std::size_t>(seen[i].payload)]);
                if (payload.empty()) {
                    endWithoutPayload(seen[i], owners_[i]);
                    continue;
                }
                seen[i].message.envelope.payload = payload;
            }
            const std::uint32_t slot = records_.take();
            Record& record = records_[slot];
            record.message = std::move(seen[i].message);
            record.field = std::move(seen[i].field);
            record.owner = std::move(owners_[i]);
            record.score = seen[i].score;
            record.held = true;
            record.gone = record.ending = false;
            record.suspect = claimingSuspect_;
            const std::string& token = record.message.envelope.token;
            record.cancelled = i < cancelled.size() && !isNothing(cancelled[i]) &&
                               textOf(cancelled[i]) == token && !token.empty();
            Envelope& envelope = record.message.envelope;
            for (const Label& label : settings_.labels) {
                if (findLabel(envelope.labels, label.key) == nullptr)
                    envelope.labels.push_back(label);
            }
            Request& request = record.request;
            request = {};
            request.number = ++broker_.number_;
            request.envelope = &envelope;
            request.created = record.message.createdSeconds > 0
                                  ? fromUnixSeconds(record.message.createdSeconds)
                                  : now;
            request.enqueued = std::min(now, request.created);
            request.deadline = fromUnixSeconds(record.message.deadlineSeconds);
            request.retries = record.message.retryCount;
            request.queue = index_;
            request.classification = record.message.classification;
            request.suspect = record.suspect;
            request.handle = slot;
            request.pendingSince = now;
            if (record.suspect) suspectOut_ = true;
            ++broker_.counts_.claimed;
            ++depth_.claimed;
            taken_.push_back(request);
        }
        answer(ClaimAnswer::answered);
    });
}

// Nothing can be sent for it. Its end is fenced like any; should this not reach Redis, the lease
// brings it back.
void SortedSetQueue::endWithoutPayload(const Peeked& one, const std::string& owner) {
    const Envelope& envelope = one.message.envelope;
    const std::string result = resultText(
        envelope.id, {ResultCode::payloadUnavailable, 0, "the payload is not under its key", {}},
        envelope.token);
    const std::string& list = resultList(envelope.resultQueue);
    const std::string active = activeKey(envelope.id), cancel = cancelKey(envelope.id);
    const std::string_view words[] = {claimedKey_, ownersKey_, indexKey_,     attemptsKey_, list,
                                      one.field,   owner,      result,        "0",          active,
                                      cancel,      "",         envelope.token};
    broker_.redis_.evaluate(broker_.scripts_.finish, 5, words, [this](const redisReply* reply) {
        const auto said = partsOf(reply);
        if (said.empty() || numberOf(said[0]) != 1) return;
        ++broker_.counts_.finished;
    });
}

// A member that cannot be read goes to the dead list, with an answer to its sender if an id could
// be told; llm-d-async's versions drop it without a word.
void SortedSetQueue::bury(const std::string& member, const WireError& error) {
    const bool ours = broker_.settings_.unparsable == Semantics::Unparsable::deadLetter;
    std::string note, result;
    if (ours) {
        note = deadLetterText(member, error, unixSeconds(broker_.loop_.now()));
        if (!error.id.empty()) {
            result = resultText(error.id, {ResultCode::invalidRequest, 0, error.message, {}},
                                error.token);
        }
    }
    const std::string& list = resultList(error.resultQueue);
    const bool named = !error.id.empty();
    const std::string_view words[] = {settings_.name, deadKey_, list, member, note, result};
    broker_.redis_.evaluate(
        broker_.scripts_.bury, 3, words, [this, ours, named](const redisReply* reply) {
            if (numberOf(reply) != 1 || listener_ == nullptr) return;
            ++broker_.counts_.unreadable;
            if (ours) ++depth_.dead;
            Request request;
            request.number = ++broker_.number_;
            request.queue = index_;
            listener_->discovered(index_, request,
                                  ours ? (named ? Discovery::unreadable : Discovery::nameless)
                                       : (named ? Discovery::removed : Discovery::removedNameless),
                                  0);
        });
}

// ---- holding

void SortedSetQueue::renew() {
    if (!broker_.redis_.ready()) return;
    const std::string lease = fmt::format("{:.3f}", toSeconds(broker_.settings_.lease));
    std::vector<std::string> deadlines;
    std::vector<std::string_view> words;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> asked; // slot, number
    const auto send = [&] {
        if (asked.empty()) return;
        broker_.redis_.evaluate(broker_.scripts_.renew, 2, words,
                                [this, asked](const redisReply* reply) {
                                    const auto answers = partsOf(reply);
                                    if (answers.size() != asked.size()) return;
                                    for (std::size_t i = 0; i < asked.size(); ++i) {
                                        const auto [slot, number] = asked[i];
                                        if (numberOf(answers[i]) == 1 || !records_.taken(slot))
                                            continue;
                                        Record& record = records_[slot];
                                        // One that ended meanwhile is not lost.
                                        if (!record.held || record.ending || record.gone ||
                                            record.request.number != number) {
                                            continue;
                                        }
                                        record.gone = true;
                                        const Request request = record.request;
                                        if (listener_ != nullptr)
                                            listener_->leaseLost(index_, request);
                                    }
                                });
        words.clear();
        asked.clear();
        deadlines.clear();
    };
    deadlines.reserve(kRenewedAtOnce);
    for (std::uint32_t slot = 0; slot < records_.capacity(); ++slot) {
        if (!records_.taken(slot)) continue;
        const Record& record = records_[slot];
        if (!record.held || record.gone) continue;
        if (words.empty()) words = {ownersKey_, indexKey_, lease};
        deadlines.push_back(fmt::format("{:.0f}", std::ceil(record.message.deadlineSeconds)));
        words.insert(words.end(), {record.field, record.owner, deadlines.back()});
        asked.emplace_back(slot, record.request.number);
        if (asked.size() == kRenewedAtOnce) send();
    }
    send();
}

void SortedSetQueue::look() {
    if (!broker_.redis_.ready()) return;
    std::vector<std::string> keys;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> asked;
    for (std::uint32_t slot = 0; slot < records_.capacity(); ++slot) {
        if (!records_.taken(slot)) continue;
        const Record& record = records_[slot];
        if (!record.held || record.cancelled || record.message.envelope.token.empty()) continue;
        keys.push_back(cancelKey(record.message.envelope.id));
        asked.emplace_back(slot, record.request.number);
    }
    if (keys.empty()) return;
    std::vector<std::string_view> words{"MGET"};
    words.insert(words.end(), keys.begin(), keys.end());
    broker_.redis_.command(words, [this, asked](const redisReply* reply) {
        const auto marks = partsOf(reply);
        for (std::size_t i = 0; i < marks.size() && i < asked.size(); ++i) {
            if (isNothing(marks[i]) || !records_.taken(asked[i].first)) continue;
            Record& record = records_[asked[i].first];
            if (record.request.number != asked[i].second) continue;
            record.cancelled = textOf(marks[i]) == record.message.envelope.token;
        }
    });
}

// ---- what dead owners held

void SortedSetQueue::scan() {
    if (!broker_.redis_.ready()) return;
    giveBackOrphans();
    const std::string_view words[] = {claimedKey_, ownersKey_, indexKey_, kReclaimedAtOnce};
    broker_.redis_.evaluate(broker_.scripts_.expired, 3, words, [this](const redisReply* reply) {
        const auto parts = partsOf(reply);
        for (std::size_t i = 0; i + 2 < parts.size(); i += 3) {
            rescue(std::string(textOf(parts[i])), std::string(textOf(parts[i + 1])),
                   std::string(textOf(parts[i + 2])));
        }
    });
}

void SortedSetQueue::rescue(const std::string& field, const std::string& member,
                            const std::string& owner) {
    const auto message = broker_.reader_.read(member);
    const std::string score =
        scoreText(message ? messageScore(message->deadlineSeconds, message->enqueueSeq) : 0.0);
    const std::string id = message ? message->envelope.id : field.substr(0, field.find('\0'));
    const std::string result = resultText(
        id,
        {ResultCode::deliveryAttemptsExceeded, 0, "delivered too often to engines that died", {}},
        message ? message->envelope.token : std::string_view{});
    const std::string& list =
        message ? resultList(message->envelope.resultQueue) : broker_.settings_.resultQueue;
    const std::string attempts = attemptsKey_ + field;
    const WireError why{"three processors died with it", id, {}, {}};
    const std::string note = deadLetterText(member, why, unixSeconds(broker_.loop_.now()));
    const double left = message ? message->deadlineSeconds - unixSeconds(broker_.loop_.now()) : 0.0;
    const std::string keep = fmt::format("{:.0f}", std::max(3600.0, left + 3600.0));
    const std::string lane = broker_.settings_.suspectLane ? "1" : "0";
    const std::string_view words[] = {
        claimedKey_, ownersKey_, indexKey_, settings_.name, suspectKey_, deadKey_, list, attempts,
        field,       owner,      member,    score,          result,      note,     keep, lane};
    Request request;
    request.queue = index_;
    request.retries = message ? message->retryCount : 0;
    broker_.redis_.evaluate(
        broker_.scripts_.reclaim, 8, words, [this, request](const redisReply* reply) mutable {
            const std::int64_t died = numberOf(reply);
            if (died == 0 || listener_ == nullptr) return;
            const bool dead = died > 2 && broker_.settings_.suspectLane;
            ++(dead ? broker_.counts_.dead : broker_.counts_.redelivered);
            if (dead) ++depth_.dead;
            if (died == 2 && broker_.settings_.suspectLane) ++suspects_;
            request.number = ++broker_.number_;
            listener_->discovered(index_, request,
                                  dead ? Discovery::poison : Discovery::redelivered,
                                  static_cast<std::uint8_t>(std::min<std::int64_t>(died, 255)));
        });
}

// Until Redis has answered: what it does not have under that owner it leaves alone.
void SortedSetQueue::giveBackOrphans() {
    if (!broker_.redis_.ready() || orphans_.empty()) return;
    std::vector<Orphan> all;
    all.swap(orphans_);
    for (Orphan& orphan : all) {
        const std::string score = scoreText(orphan.score);
        const std::string_view words[] = {
            claimedKey_,  ownersKey_,   indexKey_, orphan.suspect ? suspectKey_ : settings_.name,
            orphan.field, orphan.owner, score,     ""};
        broker_.redis_.evaluate(broker_.scripts_.move, 4, words,
                                [this, orphan](const redisReply* reply) {
                                    if (partsOf(reply).empty()) orphans_.push_back(orphan);
                                });
    }
}

void SortedSetQueue::up() {
    giveBackOrphans();
    pause_ = Duration{0};
    broker_.loop_.disarm(againTimer_);
    if (!endings_.empty()) broker_.loop_.flushLater(*this);
}

} // namespace penstock
