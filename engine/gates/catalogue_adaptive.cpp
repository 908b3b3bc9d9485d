// SPDX-License-Identifier: Apache-2.0
// Penstock's own gates, which find the operating point by themselves.
#include "engine/gates/catalogue.h"

namespace penstock::detail {

std::vector<GateDescription> adaptiveGates() {
    return {};
}

} // namespace penstock::detail
