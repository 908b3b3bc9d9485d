// SPDX-License-Identifier: Apache-2.0
#pragma once

// A KeyValue inside the process, on the loop's time: what the simulated world and the tests put in
// place of Redis. Operations act when they are called; answers come within the call, or `latency`
// later and in order. It can be told to fail.
#include "engine/broker/leased_rate.h"
#include "engine/ports/key_value.h"
#include "engine/ports/loop.h"

#include <deque>
#include <map>
#include <string>

namespace penstock {

class MemoryKeyValue final : public KeyValue {
  public:
    explicit MemoryKeyValue(Loop& loop) : loop_(loop) {}
    ~MemoryKeyValue() override { loop_.disarm(timer_); }

    // Answers take this long from now on; those on their way are never overtaken.
    void setLatency(Duration latency) { latency_ = latency; }
    // While failing, every operation answers error and changes nothing.
    void setFailing(bool failing) { failing_ = failing; }

    void set(std::string_view key, std::string_view text);
    void setHash(std::string_view key, HashFields fields);
    void erase(std::string_view key);

    // The counter's value, or the number of grants within the window last asked for; 0 if expired.
    std::int64_t count(std::string_view key);
    // When the key expires; kNever if it does not, the epoch if there is none.
    Time expiry(std::string_view key);
    std::size_t keys() const { return entries_.size(); }

    void get(std::string_view key, std::uint64_t tag, StoreListener& listener) override;
    void acquire(std::string_view key, std::int64_t limit, Duration ttl, std::uint64_t tag,
                 StoreListener& listener) override;
    void release(std::string_view key, Duration ttl) override;
    void admit(std::string_view key, std::int64_t limit, Duration window, std::uint64_t tag,
               StoreListener& listener) override;
    void admitLeased(const LeaseQuestion& question, std::uint64_t tag,
                     StoreListener& listener) override;

  private:
    struct Entry {
        std::string text;
        std::int64_t counter = 0;
        std::deque<Time> grants; // of a sliding window, oldest first
        HashFields fields;
        TokenBucket bucket; // of a lease
        Time expiry = kNever;
    };
    using Entries = std::map<std::string, Entry, std::less<>>;
    struct Answer {
        Time due;
        StoreListener* listener;
        std::uint64_t tag;
        StoreReply::State state;
        std::string text;
        Duration again;
    };

    Entry* find(std::string_view key); // nullptr if absent or expired
    Entry& touch(std::string_view key);
    void answer(StoreReply reply, std::uint64_t tag, StoreListener& listener);
    void deliver();
    void sweep();

    Loop& loop_;
    Entries entries_;
    std::deque<Answer> answers_;
    MemberTimer<MemoryKeyValue, &MemoryKeyValue::deliver> timer_{*this};
    Duration latency_{0};
    bool failing_ = false;
    std::size_t untilSweep_ = 0;
};

} // namespace penstock
