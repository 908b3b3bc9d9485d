// SPDX-License-Identifier: Apache-2.0
// Makes Penstock's own gates.
#include "engine/gates/builder.h"

namespace penstock {

detail::MakeGate detail::adaptiveMaker(std::string_view) {
    return nullptr;
}

} // namespace penstock
