// SPDX-License-Identifier: Apache-2.0
#pragma once

// The `redis` gate: an operator, or another system, writes the budget under a key. No key and no
// number mean open; a store that fails means closed, and so does the time before its first answer.
// Source: llm-d-async, pkg/redis/dispatch_gate.go, which asks at every poll.
#include "engine/core/gate.h"
#include "engine/ports/key_value.h"

#include <string>

namespace penstock {

class RedisBudgetGate final : public Gate, private StoreListener {
  public:
    struct Settings {
        std::string key = "dispatch-gate-budget";
        Duration refresh{std::chrono::milliseconds{100}}; // 0: ask every time
    };
    // The store outlives the gate, and the gate its last question.
    RedisBudgetGate(Settings settings, KeyValue& store)
        : settings_(std::move(settings)), store_(store) {}

    Budget budget(Time now) override;
    std::string_view type() const override { return "redis"; }
    void parameters(ParameterVisitor& visitor) override;

  private:
    Time ownRecheckAt() const override;
    void storeReplied(std::uint64_t tag, const StoreReply& reply) override;

    Settings settings_;
    KeyValue& store_;
    double budget_ = 0.0;
    ReasonCode code_ = ReasonCode::pendingReading;
    bool available_ = false; // a number was read
    Time askedAt_{};
    bool answered_ = false;
    bool asking_ = false;
    bool inBudget_ = false; // inside store_.get(): an answer now is not late
};

} // namespace penstock
