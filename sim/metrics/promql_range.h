// SPDX-License-Identifier: Apache-2.0
#pragma once

// The functions of a range of samples, with the arithmetic of Prometheus 2.42
// (promql/functions.go): extrapolation of rates to the edges of the window, compensated sums.
// Private to the evaluator.
#include "engine/metrics/promql_expression.h"
#include "sim/metrics/series_store.h"

#include <optional>
#include <span>

namespace penstock::sim::promql {

using namespace metrics::promql; // NOLINT: the parsed query is this code's own language

// `samples`: those inside the window [startMs, endMs], both edges included, without stale markers,
// at least one. Nothing when the function needs more samples than there are.
std::optional<double> overRange(Function function, std::span<const Sample> samples,
                                std::int64_t startMs, std::int64_t endMs);

} // namespace penstock::sim::promql
