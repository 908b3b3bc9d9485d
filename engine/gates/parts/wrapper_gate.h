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

    double budget(Time now) override {
        const double budget = inner_->budget(now);
        reason_ = inner_->reason();
        return budget;
    }
    std::int32_t room(Time now, std::int32_t capacity, std::int32_t inFlight) override {
        const std::int32_t room = inner_->room(now, capacity, inFlight);
        reason_ = inner_->reason();
        return room;
    }
    Time recheckAt() const override { return inner_->recheckAt(); }
    void withdrawn(const Request& request) override { inner_->withdrawn(request); }
    void keep(const Request& request) override { inner_->keep(request); }
    void sent(Time now, const Request& request) override { inner_->sent(now, request); }
    void settled(Time now, const Request& request, const AttemptOutcome& outcome) override {
        inner_->settled(now, request, outcome);
    }
    void backlog(Time now, std::int64_t pending, Time earliestDeadline) override {
        inner_->backlog(now, pending, earliestDeadline);
    }
    std::vector<Gate*> inner() override { return {inner_.get()}; }

  protected:
    void gateChanged(Gate&) override { changed(); }

    std::unique_ptr<Gate> inner_; // not null
};

} // namespace penstock
