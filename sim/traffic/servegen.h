// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServeGen (alibaba/ServeGen) publishes no requests but windows of ten minutes: a rate, the gap law
// and its shape in chunk-N-trace.csv, and histograms of lengths as the repr of Python dicts in
// chunk-N-dataset.json. Its requests are drawn here, window by window.
#include "engine/types/error.h"
#include "sim/traffic/laws.h"

#include <string_view>

namespace penstock::sim {

// "{100: 0.5, 200: 0.5}", as Python prints a dict: blanks, a trailing comma, floats, quoted keys
// and np.float64(...) are accepted. Values of 0 or below 1 token become 1 token. An empty dict
// gives no bins. The error names the offending text; its column is the position in `text`.
Result<EmpiricalLength> parsePythonHistogram(std::string_view text);

} // namespace penstock::sim
