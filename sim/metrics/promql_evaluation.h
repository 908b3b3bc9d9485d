// SPDX-License-Identifier: Apache-2.0
#pragma once

// One query on one store: a pass over the expression's nodes, each leaving its vector for its
// parent. Label sets are numbers of a pool of this evaluation's own, and every derived set (metric
// name dropped, group of an aggregation, match group) is remembered by number, so that once the
// series have been seen an evaluation touches no string and allocates nothing. The memory is
// dropped whenever the set of series changes, which bounds it. Private to the PromQL evaluator.
#include "engine/metrics/promql_expression.h"
#include "sim/metrics/prom_evaluator.h"
#include "sim/metrics/series_store.h"

#include <limits>
#include <unordered_map>

namespace penstock::sim::promql {

using namespace metrics::promql; // NOLINT: the parsed query is this code's own language

class Evaluation {
  public:
    Evaluation(const SeriesStore& store, std::shared_ptr<const Expression> expression,
               Duration lookback);

    Status checkReach() const;
    Result<const QueryResult*> evaluate(Time at);

  private:
    static constexpr std::int64_t kNothingFound = std::numeric_limits<std::int64_t>::max();
    static constexpr LabelId kUnknown = std::numeric_limits<LabelId>::max();

    struct Element {
        LabelId labels = 0;
        double value = 0.0;
    };
    using Vector = std::vector<Element>;

    struct Match {
        SeriesId series;
        LabelId labels;
    };
    // What a node keeps between evaluations. A scalar is a vector of one element without labels.
    struct State {
        Vector out;
        std::vector<Match> matches;                         // selector, range
        std::vector<LabelId> groups;                        // aggregate, binary: by LabelId
        std::unordered_map<std::uint64_t, LabelId> results; // binary: by both sides' LabelIds
    };
    struct Mark {
        std::uint64_t epoch = 0;
        std::uint32_t index = 0;
    };

    void forget();
    void findSeries(const Node& node, State& state);
    LabelId withoutName(LabelId id);
    LabelId groupOf(const Node& node, State& state, LabelId id);
    LabelId resultOf(const Node& node, State& state, LabelId many, LabelId one);
    Mark& mark(LabelId id);

    Status run(const Node& node, State& state, std::int64_t atMs);
    void selectInstant(const Node& node, State& state, std::int64_t atMs);
    void callRange(const Node& node, State& state, std::int64_t atMs);
    void call(const Node& node, State& state);
    void aggregate(const Node& node, State& state);
    void negate(const Node& node, State& state);
    void binaryWithScalar(const Node& node, State& state);
    void binarySet(const Node& node, State& state);
    Status binaryVectors(const Node& node, State& state);
    Status checkUnique(const Node& node, const Vector& out);

    Vector& child(const Node& node, std::size_t i) { return states_[node.children[i]].out; }

    const SeriesStore& store_;
    std::shared_ptr<const Expression> expression_;
    std::int64_t lookbackMs_;
    std::int64_t reachMs_ = 0;
    bool ageIsUnknown_ = false;                     // timestamp() of what it reads cannot be asked
    std::int64_t oldestSelectedMs_ = kNothingFound; // by the evaluation going on
    std::uint64_t generation_ = 0;
    LabelPool pool_;
    std::vector<State> states_;
    std::vector<LabelId> withoutName_;
    std::vector<Mark> marks_;
    std::uint64_t epoch_ = 0;
    std::vector<double> counts_;
    std::vector<Sample> window_;
    std::vector<SeriesId> candidates_;
    QueryResult result_;
};

} // namespace penstock::sim::promql
