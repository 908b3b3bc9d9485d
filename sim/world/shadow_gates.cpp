// SPDX-License-Identifier: Apache-2.0
#include "sim/world/shadow_gates.h"

#include <utility>

namespace penstock::sim {

ShadowGates::ShadowGates(DispatcherSettings settings)
    : settings_(std::move(settings)), registry_(settings_) {
    for (std::size_t i = 0; i < registry_.entries().size(); ++i) {
        if (keepsReadings(i)) (void)registry_.set(i, 0.0); // in the range of every cache
    }
}

void ShadowGates::moved(std::size_t parameter, double value) {
    if (!keepsReadings(parameter)) (void)registry_.set(parameter, value); // what fitted there
}

bool ShadowGates::keepsReadings(std::size_t parameter) const {
    return registry_.entries()[parameter].path.ends_with(".cache_ttl");
}

} // namespace penstock::sim
