// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/parameters.h"

namespace penstock::sim {
namespace {

using C = StepConstants;

constexpr FitParameter kParameters[] = {
    {"e_w", "", 1, 0.30, 0.95, 0.3, true, &C::weightEfficiency, "bandwidth when streaming weights"},
    {"e_kv", "", 1, 0.20, 0.95, 0.4, true, &C::kvEfficiency, "bandwidth when reading the KV cache"},
    {"e_c", "", 1, 0.20, 0.95, 0.4, true, &C::computeEfficiency, "arithmetic of the linear layers"},
    {"e_a", "", 1, 0.05, 0.95, 1.5, true, &C::attentionEfficiency,
     "arithmetic of prefill attention"},
    {"e_nv", "", 1, 0.05, 0.95, 1.0, true, &C::linkEfficiency, "bandwidth of the links"},
    {"kappa", "", 1, 0.0, 1.0, 0.3, false, &C::overlap,
     "0: streaming and arithmetic overlap, 1: not"},
    {"c0", "ms", 1e3, 0.0, 20e-3, 1e-3, false, &C::stepSeconds, "every step"},
    {"c_l", "us", 1e6, 0.0, 100e-6, 15e-6, false, &C::layerSeconds, "every step and layer"},
    {"c_b", "us", 1e6, 0.0, 100e-6, 8e-6, false, &C::sequenceSeconds, "every step and sequence"},
    {"c_n", "us", 1e6, 0.0, 20e-6, 1e-6, false, &C::tokenSeconds,
     "every token, of 32 layers of width 4096"},
    {"r0", "us", 1e6, 0.0, 200e-6, 8e-6, false, &C::reduceSeconds, "every collective"},
    {"r1", "us", 1e6, 0.0, 50e-6, 2e-6, false, &C::reducePeerSeconds, "every collective and peer"},
    {"c_g", "us", 1e6, 0.0, 100e-6, 8e-6, false, &C::groupSeconds,
     "every step and sequence of a group of GPUs, by its share of peers"},
};

} // namespace

std::span<const FitParameter> fitParameters() {
    return kParameters;
}

const FitParameter* findFitParameter(std::string_view name) {
    for (const FitParameter& p : kParameters) {
        if (name == p.name) return &p;
    }
    return nullptr;
}

} // namespace penstock::sim
