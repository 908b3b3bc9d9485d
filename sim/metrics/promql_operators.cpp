// SPDX-License-Identifier: Apache-2.0
// Operators between two operands, with the vector matching of Prometheus 2.42.
#include "engine/metrics/promql_lexer.h"
#include "sim/metrics/promql_evaluation.h"

#include <fmt/format.h>

#include <cmath>

namespace penstock::sim::promql {

namespace {

struct Outcome {
    double value;
    bool keep; // a comparison that does not hold drops its element
};

Outcome apply(Op op, double a, double b) {
    switch (op) {
    case Op::add:
        return {a + b, true};
    case Op::sub:
        return {a - b, true};
    case Op::mul:
        return {a * b, true};
    case Op::div:
        return {a / b, true};
    case Op::mod:
        return {std::fmod(a, b), true};
    case Op::pow:
        return {std::pow(a, b), true};
    case Op::eq:
        return {a, a == b};
    case Op::ne:
        return {a, a != b};
    case Op::gt:
        return {a, a > b};
    case Op::lt:
        return {a, a < b};
    case Op::ge:
        return {a, a >= b};
    case Op::le:
        return {a, a <= b};
    case Op::setAnd:
    case Op::setOr:
    case Op::setUnless:
        break;
    }
    return {0.0, false};
}

} // namespace

void Evaluation::binaryWithScalar(const Node& node, State& state) {
    const Vector& left = child(node, 0);
    const Vector& right = child(node, 1);
    const bool scalarLeft = expression_->nodes[node.children[0]].type == ValueType::scalar;
    const bool scalarRight = expression_->nodes[node.children[1]].type == ValueType::scalar;
    const Element& scalar = scalarRight ? right.front() : left.front();
    for (Element element : scalarRight ? left : right) {
        const double a = scalarRight ? element.value : scalar.value;
        const double b = scalarRight ? scalar.value : element.value;
        Outcome outcome = apply(node.op, a, b);
        if (node.returnBool) {
            outcome = {outcome.keep ? 1.0 : 0.0, true};
        } else if (isComparison(node.op)) {
            outcome.value = element.value; // a filter keeps the vector's value on either side
        }
        if (!outcome.keep) continue;
        element.value = outcome.value;
        if (!isComparison(node.op) || node.returnBool) element.labels = withoutName(element.labels);
        if (scalarLeft && scalarRight) element.labels = 0;
        state.out.push_back(element);
    }
}

void Evaluation::binarySet(const Node& node, State& state) {
    const Vector& left = child(node, 0);
    const Vector& right = child(node, 1);
    // The side whose groups decide about the elements of the other one.
    const Vector& deciding = node.op == Op::setOr ? left : right;
    ++epoch_;
    const std::uint64_t here = epoch_;
    for (std::size_t i = 0; i < deciding.size(); ++i) {
        Mark& group = mark(groupOf(node, state, deciding[i].labels));
        if (group.epoch != here) group = Mark{here, static_cast<std::uint32_t>(i)};
    }
    const auto found = [&](const Element& e) -> const Element* {
        const Mark& group = mark(groupOf(node, state, e.labels));
        return group.epoch == here ? &deciding[group.index] : nullptr;
    };
    if (node.op == Op::setOr) {
        state.out = left;
        for (const Element& e : right) {
            if (found(e) == nullptr) state.out.push_back(e);
        }
        return;
    }
    for (Element element : left) {
        const Element* const other = found(element);
        if ((other != nullptr) != (node.op == Op::setAnd)) continue;
        state.out.push_back(element);
    }
}

// The labels of an element: of the "many" side (the left one in one-to-one matching), without the
// metric name under arithmetic, restricted to what was matched in one-to-one matching, with the
// labels that group_left or group_right take from the "one" side.
LabelId Evaluation::resultOf(const Node& node, State& state, LabelId many, LabelId one) {
    const bool oneToOne = node.cardinality == Cardinality::oneToOne;
    const std::uint64_t key =
        (std::uint64_t{many} << 32) | (node.include.empty() ? LabelId{0} : one);
    const auto [it, fresh] = state.results.try_emplace(key, 0);
    if (fresh) {
        Labels labels = pool_[many];
        if (!isComparison(node.op)) labels.erase(kMetricName);
        if (oneToOne && node.on) {
            Labels kept;
            for (const std::string& name : node.labels)
                kept.set(name, labels.get(name));
            labels = std::move(kept);
        } else if (oneToOne) {
            for (const std::string& name : node.labels)
                labels.erase(name);
        }
        for (const std::string& name : node.include)
            labels.set(name, pool_[one].get(name));
        if (node.returnBool) labels.erase(kMetricName);
        it->second = pool_.intern(labels);
    }
    return it->second;
}

Status Evaluation::binaryVectors(const Node& node, State& state) {
    const bool swapped = node.cardinality == Cardinality::oneToMany;
    const Vector& many = child(node, swapped ? 1 : 0);
    const Vector& one = child(node, swapped ? 0 : 1);
    if (many.empty() || one.empty()) return {};
    ++epoch_;
    const std::uint64_t unmatched = epoch_;
    for (std::size_t i = 0; i < one.size(); ++i) {
        const LabelId group = groupOf(node, state, one[i].labels);
        Mark& seen = mark(group);
        if (seen.epoch == unmatched) {
            return failAt(
                node.column,
                fmt::format(
                    "several series on the {} side fall into the match group {}: {} and {}; "
                    "match by more labels, or aggregate that side",
                    swapped ? "left" : "right", pool_[group].text(),
                    pool_[one[seen.index].labels].text(), pool_[one[i].labels].text()));
        }
        seen = Mark{unmatched, static_cast<std::uint32_t>(i)};
    }
    ++epoch_;
    const std::uint64_t matched = epoch_;
    for (Element element : many) {
        const LabelId group = groupOf(node, state, element.labels);
        Mark& seen = mark(group);
        if (seen.epoch != unmatched && seen.epoch != matched) continue;
        const Element& other = one[seen.index];
        const double a = swapped ? other.value : element.value;
        const double b = swapped ? element.value : other.value;
        Outcome outcome = apply(node.op, a, b);
        if (node.returnBool) {
            outcome = {outcome.keep ? 1.0 : 0.0, true};
        } else if (!outcome.keep) {
            continue;
        }
        if (seen.epoch == matched && node.cardinality == Cardinality::oneToOne) {
            return failAt(node.column,
                          fmt::format("several series on the left side fall into the match group "
                                      "{}; say group_left or group_right if that is meant",
                                      pool_[group].text()));
        }
        seen.epoch = matched;
        element.labels = resultOf(node, state, element.labels, other.labels);
        element.value = outcome.value;
        state.out.push_back(element);
    }
    return {};
}

} // namespace penstock::sim::promql
