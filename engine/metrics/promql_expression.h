// SPDX-License-Identifier: Apache-2.0
#pragma once

// A parsed PromQL query: nodes in an array, children before their parent, so that evaluating is one
// pass over the array and needs no recursion. Private to the PromQL parser and evaluator.
#include "engine/metrics/labels.h"

#include <array>
#include <cstdint>
#include <memory>
#include <re2/re2.h>
#include <string>
#include <vector>

namespace penstock::metrics::promql {

enum class ValueType : std::uint8_t { scalar, vector, matrix };

enum class Op : std::uint8_t {
    add,
    sub,
    mul,
    div,
    mod,
    pow,
    eq,
    ne,
    gt,
    lt,
    ge,
    le,
    setAnd,
    setOr,
    setUnless
};

constexpr bool isComparison(Op op) {
    return op >= Op::eq && op <= Op::le;
}
constexpr bool isSet(Op op) {
    return op >= Op::setAnd;
}

enum class Aggregator : std::uint8_t { sum, avg, min, max, count };

enum class Function : std::uint8_t {
    rate,
    increase,
    delta,
    avgOverTime,
    minOverTime,
    maxOverTime,
    sumOverTime,
    countOverTime,
    lastOverTime,
    abs,
    clamp,
    clampMin,
    clampMax,
    scalar,
    vector
};

enum class Cardinality : std::uint8_t { oneToOne, manyToOne, oneToMany };

struct Matcher {
    enum class Kind : std::uint8_t { equal, notEqual, regex, notRegex };
    Kind kind = Kind::equal;
    std::string name;
    std::string value;
    std::shared_ptr<const RE2> regex; // null unless kind is one of the regex ones

    // A label that is absent has the value "".
    bool matches(std::string_view labelValue) const;
};

struct Node {
    enum class Kind : std::uint8_t { number, selector, range, negate, binary, aggregate, call };
    using Index = std::uint32_t;

    Kind kind = Kind::number;
    ValueType type = ValueType::scalar;
    int column = 0; // 1-based, where the node (or its operator) stands in the text
    std::array<Index, 3> children{};
    std::uint8_t childCount = 0;

    double number = 0.0;

    std::vector<Matcher> matchers; // selector, range
    std::int64_t rangeMs = 0;      // range
    std::int64_t offsetMs = 0;     // selector, range; negative looks forward

    Op op = Op::add; // binary
    bool returnBool = false;
    bool on = false; // on(labels) rather than ignoring(labels)
    Cardinality cardinality = Cardinality::oneToOne;
    std::vector<std::string> include; // of group_left, group_right

    Aggregator aggregator = Aggregator::sum;
    bool without = false;
    std::vector<std::string> labels; // of by, without, on, ignoring

    Function function = Function::abs; // call
};

// Whether timestamp() of a selector can be asked: of one metric, by name. Several metrics with the
// same labels would be an error there, since timestamp() drops the name.
inline bool namesOneMetric(const Node& node) {
    for (const Matcher& matcher : node.matchers) {
        if (matcher.kind == Matcher::Kind::equal && matcher.name == kMetricName) return true;
    }
    return false;
}

struct Expression {
    std::string text;
    std::vector<Node> nodes; // never empty; the last is the root
    std::int64_t reachMs = 0;
};

} // namespace penstock::metrics::promql
