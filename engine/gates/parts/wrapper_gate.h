// SPDX-License-Identifier: Apache-2.0
#pragma once

// A gate around one other: everything is the inner gate's own unless overridden, and what the inner
// gate says of a change is said in the wrapper's name.
#include "engine/core/gate.h"

#include <memory>

namespace penstock {

class WrapperGate : public Gate, protected GateListener {
  public:
    explicit WrapperGate(std::unique_ptr<Gate> inner) : inner_(std::move(inner)) {
        inner_->listen(this);
    }

    Budget budget(Time now) override { return inner_->budget(now); }
    Room room(Time now, std::int32_t capacity, std::int32_t inFlight) override {
        return inner_->room(now, capacity, inFlight);
    }
    std::span<const std::unique_ptr<Gate>> inner() const final { return {&inner_, 1}; }

  protected:
    void gateChanged(Gate&) override { changed(); }

    // Neither an answer still to come nor a failed store says anything about the pool.
    static bool undecided(const Verdict& verdict) {
        return verdict.inside || verdict.reason.code == ReasonCode::gateError;
    }

    std::unique_ptr<Gate> inner_; // not null
};

} // namespace penstock
