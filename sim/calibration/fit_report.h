// SPDX-License-Identifier: Apache-2.0
#pragma once

// A calibration in words and numbers: what was fitted to what, how well, how sure, and what the
// data leaves open. As text for a terminal (Markdown tables), as JSON, and as the profile a
// scenario names.
#include "sim/calibration/fit.h"
#include "sim/scenario/profile.h"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace penstock::sim {

struct Calibration {
    const Measurements* measurements = nullptr;
    const Fit* fit = nullptr;
    std::vector<HeldOut> heldOut; // empty: no cross-validation
};

std::string toText(const Calibration& calibration, bool everyRow);

inline constexpr const char* kCalibrationSchema = "penstock.calibration/1";
nlohmann::ordered_json toJson(const Calibration& calibration);

// With the a0 of the first deployment that was fitted.
Profile toProfile(const Calibration& calibration, const std::string& name,
                  const std::string& about);

// "3.1 %", "-" for NaN.
std::string percent(double share);

} // namespace penstock::sim
