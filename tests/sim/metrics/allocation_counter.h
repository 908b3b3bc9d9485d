// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many times this test program has called operator new: for tests that promise a steady state
// without allocation.
#include <cstdint>

namespace penstock::sim::test {

std::uint64_t allocations();

} // namespace penstock::sim::test
