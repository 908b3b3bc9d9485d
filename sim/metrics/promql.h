// SPDX-License-Identifier: Apache-2.0
#pragma once

// The PromQL that gates need, on the exact text of their queries, with the answers Prometheus 2.42
// gives (Debian 12's version; a differential test compares the two). A query is parsed once into an
// immutable PromQuery; a PromEvaluator ties it to one store and answers it at one instant.
//
// Supported: numbers; selectors with =, !=, =~, !~ and offset; sum, avg, min, max, count with by or
// without; + - * / % ^ and unary + -; == != > < >= <= with or without bool; on, ignoring,
// group_left, group_right; and, or, unless; rate, increase, delta,
// {avg,min,max,sum,count,last}_over_time; abs, clamp, clamp_min, clamp_max, scalar, vector.
// Anything else is an Error that names it.
//
// One thread an evaluator. After the first evaluations on an unchanged set of series, evaluating
// allocates nothing.
#include "engine/types/error.h"
#include "engine/types/time.h"
#include "sim/metrics/series_store.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

namespace promql {
struct Expression;
class Evaluation;
} // namespace promql

inline constexpr std::size_t kMaxQueryBytes = 16 * 1024;
inline constexpr int kMaxQueryDepth = 64; // nesting of parentheses, calls and operators

class PromQuery {
  public:
    // Errors carry the column (1-based, in bytes) and say what would be right.
    static Result<PromQuery> parse(std::string_view text);

    const std::string& text() const;

    // One number without labels, rather than a vector.
    bool givesScalar() const;

    // The furthest the query looks back before the instant it is asked for: lookback or range, plus
    // offset.
    Duration reach() const;

    const std::shared_ptr<const promql::Expression>& expression() const { return expression_; }

  private:
    explicit PromQuery(std::shared_ptr<const promql::Expression> e) : expression_(std::move(e)) {}
    std::shared_ptr<const promql::Expression> expression_;
};

struct QuerySample {
    const Labels* labels = nullptr; // owned by the evaluator
    double value = 0.0;
    // Of the oldest sample that went into the value; kNever if it came from numbers alone.
    Time oldestTimestamp = kNever; // as Prometheus stamped it
    Time oldestObserved = kNever;  // when it was last true in the world
};

struct QueryResult {
    bool scalar = false;              // then there is exactly one sample, without labels
    std::vector<QuerySample> samples; // a vector: in the order of the labels of the series read
    Time oldestTimestamp = kNever;    // the oldest of all samples above; kNever if none
    Time oldestObserved = kNever;

    // How old the information is at `now`: zero when no sample was read.
    Duration informationAge(Time now) const {
        return oldestObserved == kNever ? Duration::zero() : now - oldestObserved;
    }
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
