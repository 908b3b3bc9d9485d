// SPDX-License-Identifier: Apache-2.0
#pragma once

// At most `limit` requests at once in this process. The only gate that counts by itself: its
// budget is (limit - in flight) / limit, its room limit - in flight.
// Source: llm-d-async, local_concurrency_gate.go. Its blocking mode stops the goroutine on a
// semaphore: the request waits inside, and so does the poll of a queue whose gate it is.
#include "engine/core/gate.h"

namespace penstock {

class LocalMaxConcurrencyGate final : public Gate {
  public:
    struct Settings {
        std::int32_t limit = 1; // >= 1
        bool blocking = false;  // at the limit: wait instead of refuse
    };
    explicit LocalMaxConcurrencyGate(Settings settings) : settings_(settings) {}

    Budget budget(Time now) override;
    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    void release(std::uint64_t token) override;
    Room room(Time now, std::int32_t capacity, std::int32_t inFlight) override;
    std::string_view type() const override { return "local-max-concurrency"; }
    void parameters(ParameterVisitor& visitor) override;

    std::int32_t inFlight() const { return inFlight_; }

  private:
    Settings settings_;
    std::int32_t inFlight_ = 0;
};

} // namespace penstock
