// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the shipped tables of GPUs and models are.
#include <string>

namespace penstock::sim::testing {
inline const std::string kResources = PENSTOCK_SOURCE_DIR "/resources/";
} // namespace penstock::sim::testing
