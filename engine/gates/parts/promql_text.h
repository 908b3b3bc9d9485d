// SPDX-License-Identifier: Apache-2.0
#pragma once

// Query text exactly as llm-d-async builds it, byte for byte, so that a simulated Prometheus, a
// recording rule or a cache in front of a real one sees the same question.
// Source: promql_metric_source_factory.go, which prints with Go's %g and strconv.Quote.
#include <string>
#include <string_view>

namespace penstock {

// metric{pool_label="pool",namespace="n"}: the series of one inference pool. Matchers are sorted by
// name, which they are for every pool label that there is; an empty namespace is not matched.
// `effectiveStage`: of a series for each stage the effective one, where a series has stages.
std::string poolSelector(std::string_view metric, std::string_view poolLabel, std::string_view pool,
                         std::string_view nameSpace, bool effectiveStage = false);

// A double that is not infinite as Go's %g prints it: the shortest digits that read back, with an
// exponent below 1e-4 and from 1e6 on (1e+06, but 100000), of at least two digits.
std::string goNumber(double value);

// A string literal as strconv.Quote writes it (valid UTF-8 stays as it is).
std::string goQuoted(std::string_view text);

} // namespace penstock
