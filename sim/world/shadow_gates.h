// SPDX-License-Identifier: Apache-2.0
#pragma once

// The engine's gates a second time, over the truth: what each would read with no delay at all.
// Moved like the real ones, save that they never keep a reading: a cache is a delay too.
#include "engine/config/documents/parameters.h"

namespace penstock::sim {

class ShadowGates {
  public:
    // `settings`: built from the same documents as the engine's, over a metric source that is never
    // late, so that parameters have the same indices.
    explicit ShadowGates(DispatcherSettings settings);
    ShadowGates(const ShadowGates&) = delete;

    DispatcherSettings& settings() { return settings_; }
    ParameterRegistry& registry() { return registry_; }
    // The engine took this value for this parameter.
    void moved(std::size_t parameter, double value);

  private:
    bool keepsReadings(std::size_t parameter) const;

    DispatcherSettings settings_;
    ParameterRegistry registry_;
};

} // namespace penstock::sim
