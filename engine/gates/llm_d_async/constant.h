// SPDX-License-Identifier: Apache-2.0
#pragma once

// Always open.
#include "engine/core/gate.h"

namespace penstock {

class ConstantGate final : public Gate {
  public:
    Budget budget(Time) override { return {}; }
    std::string_view type() const override { return "constant"; }
};

} // namespace penstock
