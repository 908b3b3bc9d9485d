// SPDX-License-Identifier: Apache-2.0
#pragma once

// A process that took a poison request dies a moment later, not in the middle of the call that sent
// it: this timer is that moment.
#include "engine/ports/loop.h"

#include <functional>

namespace penstock::sim {

class DeferredCall final : public Timer {
  public:
    DeferredCall(Loop& loop, std::function<void()> call) : loop_(loop), call_(std::move(call)) {}
    ~DeferredCall() override { loop_.disarm(*this); }
    void soon() {
        if (!armed()) loop_.arm(*this, loop_.now());
    }
    void fire() override { call_(); }

  private:
    Loop& loop_;
    std::function<void()> call_;
};

} // namespace penstock::sim
