// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parameters of the step-time law that a calibration may move, with the bounds that physics
// sets: a share of the data sheet's peak lies in (0, 0.95], overheads are not negative and far
// below a step.
#include "sim/fleet/step_time.h"

#include <span>
#include <string>
#include <string_view>

namespace penstock::sim {

struct FitParameter {
    const char* name;   // as in profiles and scenarios
    const char* unit;   // in which it is shown
    double shown;       // value in the law's unit × shown = value in that unit
    double least, most; // in the law's unit
    double scale;       // a step that matters, in the unit of the fit (see `inverse`)
    // Time is linear in 1/e, not in e, so the fit moves 1/e.
    bool inverse;
    double StepConstants::*member;
    const char* meaning;
};

std::span<const FitParameter> fitParameters();
const FitParameter* findFitParameter(std::string_view name); // nullptr if there is none

struct Bound { // narrower than physics: what other measurements leave possible
    std::string parameter;
    double least = 0.0, most = 0.0; // in the law's unit
};

// a0 of a deployment, in milliseconds.
inline constexpr double kA0LeastMs = 0.0;
inline constexpr double kA0MostMs = 200.0;

} // namespace penstock::sim
