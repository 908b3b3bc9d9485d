// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counts the calls of operator new in this test program, so that "never allocates" can be tested.
#include <cstddef>

namespace penstock {

std::size_t allocations();

} // namespace penstock
