// SPDX-License-Identifier: Apache-2.0
#pragma once

// Several gates as one: the least budget and the least room of all; a request needs every one of
// them. They are asked in order; the first that does not let the request proceed decides, and what
// those before it took is given back (or kept for it, if that gate is only waiting for an answer).
// Source: llm-d-async, composite_gate.go and pipeline/gate.go.
#include "engine/core/gate.h"

namespace penstock {

class CompositeGate final : public Gate, private GateListener {
  public:
    // No gates: always open.
    explicit CompositeGate(std::vector<std::unique_ptr<Gate>> gates);

    Budget budget(Time now) override;
    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    Room room(Time now, std::int32_t capacity, std::int32_t inFlight) override;
    std::string_view type() const override { return "composite"; }
    std::span<const std::unique_ptr<Gate>> inner() const override { return gates_; }

  private:
    void gateChanged(Gate&) override {
        if (!applying_) changed();
    }

    std::vector<std::unique_ptr<Gate>> gates_;
    bool applying_ = false; // what is taken and given back within apply() is no news
};

} // namespace penstock
