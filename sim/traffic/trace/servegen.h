// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServeGen (alibaba/ServeGen) publishes no requests but windows of ten minutes: a rate, the gap law
// and its shape in chunk-N-trace.csv, and histograms of lengths as the repr of Python dicts in
// chunk-N-dataset.json, a pair of files for each client. Its requests are drawn here, window by
// window. A folder of clients is all of them at once, each with draws of its own.
#include "engine/types/error.h"
#include "sim/traffic/spec/laws.h"
#include "sim/traffic/spec/sampler.h"
#include "sim/traffic/spec/start_times.h"
#include "sim/traffic/trace/line_reader.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

// Histograms are held whole, of all clients of a folder together.
inline constexpr std::uint32_t kMostServegenBytes = 1U << 29;

struct ServegenWindow {
    double start = 0; // in seconds
    double perSecond = 0;
    GapLaw gap = GapLaw::poisson();
};

struct ServegenLengths {
    std::optional<LengthSampler> prompt;
    std::optional<LengthSampler> output;
};
using ServegenDataset = std::map<double, ServegenLengths>; // by the window's start, in seconds

// "{100: 0.5, 200: 0.5}", as Python prints a dict: blanks, a trailing comma, floats, quoted keys
// and np.float64(...) are accepted. Values of 0 or below 1 token become 1 token. An empty dict
// gives no bins. The error names the offending text; its column is the position in `text`.
Result<EmpiricalLength> parsePythonHistogram(std::string_view text);

// At least one window, each later than the one before.
Result<std::vector<ServegenWindow>> readServegenWindows(LineReader lines);

// At least one window with an input_tokens histogram.
Result<ServegenDataset> loadServegenDataset(const std::string& path);

// The files of a client's windows: `path` itself, or those of a folder by their number. The dataset
// that lies beside one; empty if `path` is not called chunk-N-trace.csv.
Result<std::vector<std::string>> servegenClients(const std::string& path);
std::string servegenDatasetOf(const std::string& path);

} // namespace penstock::sim
