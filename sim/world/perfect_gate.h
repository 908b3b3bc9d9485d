// SPDX-License-Identifier: Apache-2.0
#pragma once

// The perfect gate: the law that llm-d-async ships, with the knowledge that no real gate has. It
// sees the state of every replica at this instant and counts every request on its way there, and
// keeps in flight at most
//
//   slots x (kPerfectSaturation - saturation)
//
// `slots` being what the ready replicas run at once. It has no parameters and does not depend on
// those of the scenario's gates, so that the distance to it (engine/record/score.h) can be lowered
// only by a better policy, never by moving the mark. It does not know the future: the load that a
// burst will bring is not there yet.
#include "engine/config/documents/documents.h"
#include "engine/core/dispatcher.h"
#include "sim/router/router.h"
#include "sim/scenario/scenario.h"

namespace penstock::sim {

inline constexpr double kPerfectSaturation = 0.8;

class PerfectGate final : public Gate {
  public:
    explicit PerfectGate(const Router& router) : router_(router) {}

    // kPerfectSaturation less the saturation, at least 0. In the Reason, `value` is the free share
    // 1 - saturation, as for every gate on a metric.
    Budget budget(Time now) override;
    // Of the pool's slots, whatever the owner's capacity.
    Room room(Time now, std::int32_t capacity, std::int32_t inFlight) override;
    std::string_view type() const override { return "perfect"; }

  private:
    const Router& router_;
};

// More than the scenario's pool can hold running and waiting at the perfect gate's saturation.
std::int32_t sequenceSlotsOf(const Scenario& scenario);

// The engine behind the perfect gate: the same queues, merge policy and timeouts under Penstock's
// semantics, no gate but the perfect one, and workers enough never to be what limits.
EngineDocument withoutGates(const EngineDocument& engine, std::int32_t workers);

// Puts a perfect gate where `original` had a gate, and before every queue that had none at all.
void placePerfectGates(DispatcherSettings& settings, const EngineDocument& original,
                       const Router& router);

} // namespace penstock::sim
