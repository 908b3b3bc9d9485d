// SPDX-License-Identifier: Apache-2.0
#pragma once

// A planner says how many requests a second this pool may be sent, for as long as its lease lasts;
// all engines under the lease share one token bucket in Redis. Where there is no valid lease
// nothing passes: a planner that has died must not leave the pool open.
//
// A token is for whichever request comes next. With a store that answers late the request waits
// (pendingReading), and one question is on its way at a time; a token that no request comes for is
// kept for the next, one at most. After a denial the budget is 0 until the next token is there.
// Source: llm-d-async 0.10, redis_leased_rate gate.
#include "engine/core/gate.h"
#include "engine/ports/key_value.h"

#include <string>

namespace penstock {

class RedisLeasedRateGate final : public Gate, private StoreListener {
  public:
    struct Settings {
        std::string controlKey;
        std::string stateKey;
        std::string poolId;
        Duration burst{std::chrono::seconds{1}}; // > 0
    };
    // The store outlives the gate, and the gate its last question.
    RedisLeasedRateGate(Settings settings, KeyValue& store)
        : settings_(std::move(settings)), store_(store) {}

    Budget budget(Time now) override;
    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    std::string_view type() const override { return "redis-leased-rate"; }

  private:
    Time ownRecheckAt() const override { return asking_ ? kNever : closedUntil_; }
    void storeReplied(std::uint64_t tag, const StoreReply& reply) override;
    Reason reason(ReasonCode code) const;

    Settings settings_;
    KeyValue& store_;
    ReasonCode code_ = ReasonCode::pendingReading; // why the last request did not pass
    bool token_ = false;                           // granted, and not used
    bool asking_ = false;
    bool inApply_ = false; // inside store_.admitLeased(): an answer now is not late
    Time askedAt_{};
    Time closedUntil_ = kNever; // kNever: not closed
};

} // namespace penstock
