// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who may wait when the pool is saturated (the inner gate refuses): a request within its reserved
// quota waits; an interactive one over it is told at once, with 429; everything else goes back to
// the queue. Source: llm-d-async, tier_priority_gate.go.
#include "engine/gates/parts/wrapper_gate.h"

#include <string>

namespace penstock {

class TierPriorityAdmissionGate final : public WrapperGate {
  public:
    struct Settings {
        std::string tierLabel = "tier";
        // Whether `wait` of the inner gate means saturation as well; llm-d-async lets it through.
        bool heedsWait = true;
    };
    TierPriorityAdmissionGate(Settings settings, std::unique_ptr<Gate> inner)
        : WrapperGate(std::move(inner)), settings_(std::move(settings)) {}

    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    std::string_view type() const override { return "tier-priority-admission"; }

  private:
    bool saturated(const Verdict& inner) const;

    Settings settings_;
};

} // namespace penstock
