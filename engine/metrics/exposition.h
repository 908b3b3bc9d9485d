// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Prometheus text exposition format 0.0.4: what a /metrics endpoint answers and what a gate of
// type endpoint-scrape reads without any Prometheus between. Written for gauges; read for gauges,
// counters and untyped samples (histogram and summary families are recognised and skipped by the
// lookup, as llm-d-async does).
#include "engine/metrics/labels.h"
#include "engine/types/error.h"

#include <string>
#include <string_view>
#include <vector>

namespace penstock::metrics {

struct ExposedSample {
    enum class Type { gauge, counter, untyped, histogram, summary };

    Labels labels; // with __name__: the sample's name, e.g. x_bucket for a bucket of histogram x
    double value = 0.0;
    Type type = Type::untyped; // of the sample's family
};

// Appends the samples to `out` as gauges, grouped by metric name in the order of first appearance.
void writeExposition(const std::vector<ExposedSample>& samples, std::string& out);

// All samples in the order of the text. A malformed line fails the whole text, as it fails a
// scrape; the Error has line and column. Time stamps are read and ignored. Never throws, whatever
// the bytes.
Result<std::vector<ExposedSample>> parseExposition(std::string_view text);

// The filter of a scrape as gates have it, "k=v,k=v"; what has no = says nothing.
Labels filterLabels(std::string_view text);

// The samples of `metric` whose labels contain all of `labels`, in order: the rule of llm-d-async's
// endpoint-scrape (its gate then uses the first of them; there is neither sum nor mean). A filter
// label with an empty value matches a sample without that label.
std::vector<const ExposedSample*> findExposed(const std::vector<ExposedSample>& samples,
                                              std::string_view metric, const Labels& labels);

} // namespace penstock::metrics
