// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which findings the tests of advice_test.cpp provoke, for the test that none is left out.
#include <set>
#include <string>

namespace penstock {

std::set<std::string, std::less<>> trapCodes();

} // namespace penstock
