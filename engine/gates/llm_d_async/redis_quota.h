// SPDX-License-Identifier: Apache-2.0
#pragma once

// A quota for each value of a message attribute, counted in a store that several engines share:
// requests in flight (concurrency), or requests in a sliding window (rate-limit). Over it, blocking
// mode refuses, classifying mode labels and lets through. A failing store refuses with gateError.
//
// The store may answer late: the request then waits (pendingReading), the gate says changed() when
// the answer is there, and the next apply() of that request takes it. An answer that no request
// comes for, because the request was withdrawn or its deadline has passed, is given back. Source:
// llm-d-async, pkg/redis/quota_gate.go.
#include "engine/core/gate.h"
#include "engine/ports/key_value.h"
#include "engine/types/slab.h"

#include <memory_resource>
#include <string>
#include <unordered_map>

namespace penstock {

class RedisQuotaGate final : public Gate, private StoreListener {
  public:
    struct Settings {
        std::string attribute = "userid";
        bool concurrency = false; // else rate-limit
        std::int32_t limit = 1;
        Duration window{std::chrono::minutes{1}};
        std::string prefix = "quota:";
        bool classifying = false; // else blocking
    };
    // The store outlives the gate, and the gate its last question.
    RedisQuotaGate(Settings settings, KeyValue& store);

    Budget budget(Time) override { return {}; }
    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    void release(std::uint64_t token) override;
    std::string_view type() const override { return "redis-quota"; }
    void parameters(ParameterVisitor& visitor) override;

    // Requests known to the gate: asked for, answered or reserved.
    std::size_t held() const { return slotOf_.size(); }

  private:
    enum class State : std::uint8_t {
        free,
        asking,    // the store has not answered
        abandoned, // likewise, and the answer is not awaited
        granted,   // answered; the request has not come back for it
        denied,
        failed,
        taken,   // reserved for a request that went on
        keeping, // reserved, and the next release() makes it granted again
    };
    struct Slot {
        State state = State::free;
        std::uint64_t request = 0;
        Time deadline{};
        std::string key;
    };

    void onWithdrawn(const Request& request) override;
    void onKeep(const Request& request) override;
    void storeReplied(std::uint64_t tag, const StoreReply& reply) override;
    std::uint32_t newSlot(const Request& request, std::string_view value);
    void freeSlot(std::uint32_t index);
    void giveBack(std::uint32_t index);
    void forgetExpired(Time now);
    Duration counterTtl() const;
    Verdict take(std::uint32_t index, Request& request, Reservations& reservations);

    Settings settings_;
    KeyValue& store_;
    Slab<Slot, 1> slots_; // grown one by one: the sweep goes round all there ever were
    std::pmr::unsynchronized_pool_resource pool_; // nodes are reused: nothing allocated per request
    std::pmr::unordered_map<std::uint64_t, std::uint32_t> slotOf_{&pool_}; // by request number
    std::uint32_t sweep_ = 0;
    bool inApply_ = false;   // inside a call of the store: an answer now is not late
    bool deniedOne_ = false; // since the last release: the listener wants to know of a free place
};

} // namespace penstock
