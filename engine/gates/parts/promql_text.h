// SPDX-License-Identifier: Apache-2.0
#pragma once

// Query text exactly as llm-d-async builds it, byte for byte, so that a simulated Prometheus, a
// recording rule or a cache in front of a real one sees the same question.
// Source: promql_metric_source_factory.go, which prints with Go's %g and strconv.Quote.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {

using Matchers = std::vector<std::pair<std::string_view, std::string_view>>;

// metric{a="x",b="y"}, matchers sorted by name.
std::string promqlSelector(std::string_view metric, Matchers matchers);

// A double that is not infinite as Go's %g prints it: the shortest digits that read back, with an
// exponent below 1e-4 and from 1e6 on (1e+06, but 100000), of at least two digits.
std::string goNumber(double value);

// A string literal as strconv.Quote writes it (valid UTF-8 stays as it is).
std::string goQuoted(std::string_view text);

} // namespace penstock
