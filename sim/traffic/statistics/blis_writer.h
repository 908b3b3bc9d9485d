// SPDX-License-Identifier: Apache-2.0
#pragma once

// BLIS TraceV2 (inference-sim, sim/workload/tracev2.go): the form TrafficFile::blis of writer.h.
#include "sim/traffic/statistics/statistics.h"

#include <string>

namespace penstock::sim {

// The file of the header of the data file `path`.
std::string blisHeaderOf(const std::string& path);

// As writeTraffic(). Neither `path` nor its header is what `source` reads.
Result<TraceStatistics> writeBlis(const TraceSource& source, const std::string& directory,
                                  const std::string& path, std::uint64_t seed);

} // namespace penstock::sim
