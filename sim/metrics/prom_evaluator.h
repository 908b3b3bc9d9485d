// SPDX-License-Identifier: Apache-2.0
#pragma once

// Answers PromQL queries over a store of series, with the answers Prometheus 2.42 gives: a
// PromEvaluator ties one parsed query to one store and answers it at one instant.
//
// One thread an evaluator. After the first evaluations on an unchanged set of series, evaluating
// allocates nothing.
#include "engine/metrics/promql.h"
#include "engine/types/error.h"
#include "engine/types/time.h"
#include "sim/metrics/series_store.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

using metrics::PromQuery;

namespace promql {
class Evaluation;
} // namespace promql

struct QuerySample {
    const Labels* labels = nullptr; // owned by the evaluator
    double value = 0.0;
};

struct QueryResult {
    bool scalar = false;              // then there is exactly one sample, without labels
    std::vector<QuerySample> samples; // a vector: in the order of the labels of the series read
    // The oldest sample that the query's selectors found: the least that timestamp() of any of them
    // gives. kNever if they found none, or if that cannot be asked (PromQuery::timestampQueries).
    Time oldestSelected = kNever;
};

class PromEvaluator {
  public:
    struct Options {
        Duration lookback = std::chrono::minutes(5); // Prometheus' --query.lookback-delta
    };

    // `store` outlives the evaluator.
    PromEvaluator(const SeriesStore& store, PromQuery query)
        : PromEvaluator(store, std::move(query), Options{}) {}
    PromEvaluator(const SeriesStore& store, PromQuery query, Options options);
    PromEvaluator(PromEvaluator&&) noexcept;
    PromEvaluator& operator=(PromEvaluator&&) noexcept;
    ~PromEvaluator();

    const PromQuery& query() const { return query_; }

    // An error if the query reaches further back than the store keeps samples.
    Status checkReach() const;

    // The answer at `at` (floored to the millisecond). It belongs to the evaluator and is valid
    // until the next call. Errors: ambiguous vector matching, two result elements with the same
    // labels, and what checkReach() says.
    Result<const QueryResult*> evaluate(Time at);

  private:
    PromQuery query_;
    std::unique_ptr<promql::Evaluation> evaluation_;
};

} // namespace penstock::sim
