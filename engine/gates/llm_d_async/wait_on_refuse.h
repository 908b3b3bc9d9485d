// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns the inner gate's refusal into waiting at hand: the request keeps its place instead of going
// back to the queue. Source: llm-d-async, wait_on_refuse_gate.go.
#include "engine/gates/parts/wrapper_gate.h"

namespace penstock {

class WaitOnRefuseGate final : public WrapperGate {
  public:
    using WrapperGate::WrapperGate;

    Verdict apply(Time now, Request& request, Reservations& reservations) override;
    std::string_view type() const override { return "wait-on-refuse"; }
};

} // namespace penstock
