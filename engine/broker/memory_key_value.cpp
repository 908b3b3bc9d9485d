// SPDX-License-Identifier: Apache-2.0
#include "engine/broker/memory_key_value.h"

#include <algorithm>

namespace penstock {

void MemoryKeyValue::set(std::string_view key, std::string_view text) {
    Entry& entry = touch(key);
    entry.text = text;
    entry.expiry = kNever;
}

void MemoryKeyValue::setHash(std::string_view key, HashFields fields) {
    Entry& entry = touch(key);
    entry.fields = std::move(fields);
    entry.expiry = kNever;
}

void MemoryKeyValue::erase(std::string_view key) {
    if (const auto found = entries_.find(key); found != entries_.end()) entries_.erase(found);
}

std::int64_t MemoryKeyValue::count(std::string_view key) {
    const Entry* entry = find(key);
    if (entry == nullptr) return 0;
    return entry->grants.empty() ? entry->counter : static_cast<std::int64_t>(entry->grants.size());
}

Time MemoryKeyValue::expiry(std::string_view key) {
    const Entry* entry = find(key);
    return entry == nullptr ? Time{} : entry->expiry;
}

MemoryKeyValue::Entry* MemoryKeyValue::find(std::string_view key) {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return nullptr;
    if (found->second.expiry > loop_.now()) return &found->second;
    entries_.erase(found);
    return nullptr;
}

MemoryKeyValue::Entry& MemoryKeyValue::touch(std::string_view key) {
    sweep();
    if (Entry* entry = find(key)) return *entry;
    return entries_.emplace(key, Entry{}).first->second;
}

void MemoryKeyValue::sweep() {
    // As many touches as there are keys between two sweeps, so that expired keys cost O(1) each.
    if (untilSweep_ > 0) {
        --untilSweep_;
        return;
    }
    const Time now = loop_.now();
    std::erase_if(entries_, [now](const auto& item) { return item.second.expiry <= now; });
    untilSweep_ = std::max<std::size_t>(1024, entries_.size());
}

void MemoryKeyValue::get(std::string_view key, std::uint64_t tag, StoreListener& listener) {
    const Entry* entry = find(key);
    answer(entry == nullptr ? StoreReply{.state = StoreReply::State::nothing}
                            : StoreReply{.state = StoreReply::State::text, .text = entry->text},
           tag, listener);
}

void MemoryKeyValue::acquire(std::string_view key, std::int64_t limit, Duration ttl,
                             std::uint64_t tag, StoreListener& listener) {
    auto state = StoreReply::State::denied;
    if (!failing_) {
        const Entry* existing = find(key);
        if (existing == nullptr || existing->counter < limit) {
            Entry& entry = touch(key);
            ++entry.counter;
            entry.expiry = loop_.now() + ttl;
            state = StoreReply::State::granted;
        }
    }
    answer({.state = state}, tag, listener);
}

void MemoryKeyValue::release(std::string_view key, Duration ttl) {
    if (failing_) return;
    Entry* entry = find(key);
    if (entry == nullptr || entry->counter <= 0) return;
    --entry->counter;
    // The script refreshes the TTL only while reservations remain; at zero the old one runs out.
    if (entry->counter > 0) entry->expiry = loop_.now() + ttl;
}

void MemoryKeyValue::admit(std::string_view key, std::int64_t limit, Duration window,
                           std::uint64_t tag, StoreListener& listener) {
    auto state = StoreReply::State::denied;
    if (!failing_) {
        const Time now = loop_.now();
        Entry& entry = touch(key);
        while (!entry.grants.empty() && entry.grants.front() <= now - window) {
            entry.grants.pop_front();
        }
        if (static_cast<std::int64_t>(entry.grants.size()) < limit) {
            entry.grants.push_back(now);
            state = StoreReply::State::granted;
        }
        entry.expiry = now + std::max<Duration>(window * 2, std::chrono::seconds{1});
    }
    answer({.state = state}, tag, listener);
}

void MemoryKeyValue::admitLeased(const LeaseQuestion& question, std::uint64_t tag,
                                 StoreListener& listener) {
    if (failing_) return answer({}, tag, listener);
    const Time now = loop_.now();
    const Entry* control = find(question.controlKey);
    const Result<LeasedRate> lease = control == nullptr
                                         ? Result<LeasedRate>(fail("there is no lease"))
                                         : readLease(control->fields, question.poolId, now);
    if (!lease) {
        const std::string why = lease.error().message;
        return answer({.state = StoreReply::State::nothing, .text = why}, tag, listener);
    }
    const Admission admission =
        touch(question.stateKey).bucket.take(now, lease->perSecond, question.burst);
    answer({.state = admission.granted ? StoreReply::State::granted : StoreReply::State::denied,
            .again = admission.again},
           tag, listener);
}

void MemoryKeyValue::answer(StoreReply reply, std::uint64_t tag, StoreListener& listener) {
    if (failing_) reply = {};
    if (latency_ <= Duration::zero() && answers_.empty()) {
        listener.storeReplied(tag, reply);
        return;
    }
    Time due = loop_.now() + latency_;
    if (!answers_.empty()) due = std::max(due, answers_.back().due);
    answers_.push_back({due, &listener, tag, reply.state, std::string(reply.text), reply.again});
    if (!timer_.armed()) loop_.arm(timer_, due);
}

void MemoryKeyValue::deliver() {
    while (!answers_.empty() && answers_.front().due <= loop_.now()) {
        const Answer next = std::move(answers_.front());
        answers_.pop_front();
        next.listener->storeReplied(next.tag, {next.state, next.text, next.again});
    }
    if (!answers_.empty()) loop_.arm(timer_, answers_.front().due);
}

} // namespace penstock
