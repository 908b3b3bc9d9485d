// SPDX-License-Identifier: Apache-2.0
// Selectors, functions and aggregations; the operators between two operands are in
// promql_operators.cpp. The rules are those of Prometheus 2.42's promql/engine.go.
#include "sim/metrics/promql_evaluation.h"

#include "engine/metrics/promql_lexer.h"
#include "engine/types/check.h"
#include "sim/metrics/promql_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::sim {

namespace promql {

namespace {

// Go's math.Max and math.Min: an infinity that decides wins over NaN, otherwise NaN wins.
double goMax(double a, double b) {
    constexpr double kInf = std::numeric_limits<double>::infinity();
    if (a == kInf || b == kInf) return kInf;
    if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
    return a > b ? a : b;
}
double goMin(double a, double b) {
    return -goMax(-a, -b);
}

std::string formatDuration(std::int64_t ms) {
    return ms % 1000 == 0 ? fmt::format("{} s", ms / 1000) : fmt::format("{} ms", ms);
}

Time fromMilliseconds(std::int64_t ms) {
    return ms == std::numeric_limits<std::int64_t>::max() ? kNever
                                                          : Time{std::chrono::milliseconds(ms)};
}

} // namespace

Evaluation::Evaluation(const SeriesStore& store, std::shared_ptr<const Expression> expression,
                       Duration lookback)
    : store_(store), expression_(std::move(expression)), lookbackMs_(lookback.count() / 1'000'000),
      states_(expression_->nodes.size()) {
    PENSTOCK_CHECK(lookbackMs_ > 0);
    for (const Node& node : expression_->nodes) {
        if (node.kind == Node::Kind::selector) {
            reachMs_ = std::max(reachMs_, lookbackMs_ + node.offsetMs);
            ageIsUnknown_ = ageIsUnknown_ || !namesOneMetric(node);
        } else if (node.kind == Node::Kind::range) {
            reachMs_ = std::max(reachMs_, node.rangeMs + node.offsetMs);
            ageIsUnknown_ = true;
        }
    }
}

Status Evaluation::checkReach() const {
    const std::int64_t kept = store_.options().retention.count() / 1'000'000;
    if (reachMs_ <= kept) return {};
    return failAt(1, fmt::format("the query reaches {} back, but only {} of samples are kept; "
                                 "shorten its range or offset, or raise the retention",
                                 formatDuration(reachMs_), formatDuration(kept)));
}

Result<const QueryResult*> Evaluation::evaluate(Time at) {
    const Status reach = checkReach();
    if (!reach) return fail(reach.error());
    if (generation_ != store_.generation()) forget();
    const std::int64_t atMs = toMilliseconds(at);
    oldestSelectedMs_ = kNothingFound;
    for (std::size_t i = 0; i < states_.size(); ++i) {
        states_[i].out.clear();
        const Status status = run(expression_->nodes[i], states_[i], atMs);
        if (!status) return fail(status.error());
    }
    const Vector& out = states_.back().out;
    result_.scalar = expression_->nodes.back().type == ValueType::scalar;
    result_.samples.clear();
    for (const Element& e : out)
        result_.samples.push_back(QuerySample{&pool_[e.labels], e.value});
    const bool known = !ageIsUnknown_ && oldestSelectedMs_ != kNothingFound;
    result_.oldestSelected = known ? fromMilliseconds(oldestSelectedMs_) : kNever;
    return &result_;
}

void Evaluation::forget() {
    pool_.clear();
    withoutName_.clear();
    marks_.clear();
    pool_.intern(Labels{}); // number 0: what scalars and vector() carry
    for (std::size_t i = 0; i < states_.size(); ++i) {
        State& state = states_[i];
        state.groups.clear();
        state.results.clear();
        findSeries(expression_->nodes[i], state);
    }
    generation_ = store_.generation();
}

void Evaluation::findSeries(const Node& node, State& state) {
    state.matches.clear();
    if (node.kind != Node::Kind::selector && node.kind != Node::Kind::range) return;
    const auto named = std::find_if(node.matchers.begin(), node.matchers.end(), [](const auto& m) {
        return m.kind == Matcher::Kind::equal && m.name == kMetricName && !m.value.empty();
    });
    std::span<const SeriesId> candidates;
    if (named != node.matchers.end()) {
        candidates = store_.byMetricName(named->value);
    } else {
        store_.allSeries(candidates_);
        candidates = candidates_;
    }
    for (const SeriesId id : candidates) {
        const Labels& labels = store_.labels(id);
        const bool all =
            std::all_of(node.matchers.begin(), node.matchers.end(), [&](const Matcher& matcher) {
                return matcher.matches(labels.get(matcher.name));
            });
        if (all) state.matches.push_back(Match{id, pool_.intern(labels)});
    }
    std::sort(state.matches.begin(), state.matches.end(), [this](const Match& a, const Match& b) {
        return store_.labels(a.series) < store_.labels(b.series);
    });
}

LabelId Evaluation::withoutName(LabelId id) {
    if (withoutName_.size() <= id) withoutName_.resize(id + 1, kUnknown);
    if (withoutName_[id] == kUnknown) {
        Labels labels = pool_[id];
        labels.erase(kMetricName);
        withoutName_[id] = pool_.intern(labels);
    }
    return withoutName_[id];
}

// The labels that an aggregation groups by, or that a binary operator matches by.
LabelId Evaluation::groupOf(const Node& node, State& state, LabelId id) {
    if (state.groups.size() <= id) state.groups.resize(id + 1, kUnknown);
    if (state.groups[id] == kUnknown) {
        const bool keep = node.kind == Node::Kind::aggregate ? !node.without : node.on;
        Labels labels;
        if (keep) {
            for (const std::string& name : node.labels)
                labels.set(name, pool_[id].get(name));
        } else {
            labels = pool_[id];
            labels.erase(kMetricName);
            for (const std::string& name : node.labels)
                labels.erase(name);
        }
        state.groups[id] = pool_.intern(labels);
    }
    return state.groups[id];
}

Evaluation::Mark& Evaluation::mark(LabelId id) {
    if (marks_.size() <= id) marks_.resize(std::max<std::size_t>(pool_.size(), id + 1));
    return marks_[id];
}

Status Evaluation::run(const Node& node, State& state, std::int64_t atMs) {
    switch (node.kind) {
    case Node::Kind::number:
        state.out.push_back(Element{.labels = 0, .value = node.number});
        break;
    case Node::Kind::selector:
        selectInstant(node, state, atMs);
        return {};
    case Node::Kind::range:
        return {}; // read by the function around it
    case Node::Kind::negate:
        negate(node, state);
        break;
    case Node::Kind::aggregate:
        aggregate(node, state);
        return {};
    case Node::Kind::call:
        if (expression_->nodes[node.children[0]].kind == Node::Kind::range) {
            callRange(node, state, atMs);
        } else {
            call(node, state);
        }
        break;
    case Node::Kind::binary: {
        const bool vectors = expression_->nodes[node.children[0]].type == ValueType::vector &&
                             expression_->nodes[node.children[1]].type == ValueType::vector;
        if (!vectors) {
            binaryWithScalar(node, state);
        } else if (isSet(node.op)) {
            binarySet(node, state);
        } else {
            const Status status = binaryVectors(node, state);
            if (!status) return status;
        }
        break;
    }
    }
    return checkUnique(node, state.out);
}

void Evaluation::selectInstant(const Node& node, State& state, std::int64_t atMs) {
    const std::int64_t upTo = atMs - node.offsetMs;
    for (const Match& match : state.matches) {
        const std::size_t count = store_.countUpTo(match.series, upTo);
        if (count == 0) continue;
        const Sample& sample = store_.sample(match.series, count - 1);
        // Exactly lookback old is still found, as in Prometheus 2.
        if (sample.stale() || sample.atMs < upTo - lookbackMs_) continue;
        state.out.push_back(Element{match.labels, sample.value});
        oldestSelectedMs_ = std::min(oldestSelectedMs_, sample.atMs);
    }
}

void Evaluation::callRange(const Node& node, State& state, std::int64_t atMs) {
    const Node& range = expression_->nodes[node.children[0]];
    const std::int64_t endMs = atMs - range.offsetMs;
    const std::int64_t startMs = endMs - range.rangeMs;
    for (const Match& match : states_[node.children[0]].matches) {
        const std::size_t end = store_.countUpTo(match.series, endMs);
        Element element;
        window_.clear();
        for (std::size_t i = store_.countUpTo(match.series, startMs - 1); i < end; ++i) {
            const Sample& sample = store_.sample(match.series, i);
            if (sample.stale()) continue;
            window_.push_back(sample);
        }
        if (window_.empty()) continue;
        const auto value = overRange(node.function, window_, startMs, endMs);
        if (!value) continue;
        element.labels =
            node.function == Function::lastOverTime ? match.labels : withoutName(match.labels);
        element.value = *value;
        state.out.push_back(element);
    }
}

void Evaluation::call(const Node& node, State& state) {
    const Vector& in = child(node, 0);
    if (node.function == Function::vector) {
        state.out.push_back(in.front());
        return;
    }
    if (node.function == Function::scalar) {
        Element element;
        element.value = std::numeric_limits<double>::quiet_NaN();
        if (in.size() == 1) element = in.front();
        element.labels = 0;
        state.out.push_back(element);
        return;
    }
    Element bounds[2];
    for (std::size_t i = 1; i < node.childCount; ++i)
        bounds[i - 1] = child(node, i).front();
    if (node.function == Function::clamp && bounds[1].value < bounds[0].value) return;
    for (Element element : in) {
        const double v = element.value;
        switch (node.function) {
        case Function::abs:
            element.value = std::fabs(v);
            break;
        case Function::clamp:
            element.value = goMax(bounds[0].value, goMin(bounds[1].value, v));
            break;
        case Function::clampMin:
            element.value = goMax(bounds[0].value, v);
            break;
        case Function::clampMax:
            element.value = goMin(bounds[0].value, v);
            break;
        default:
            PENSTOCK_CHECK(false);
        }
        element.labels = withoutName(element.labels);
        state.out.push_back(element);
    }
}

void Evaluation::aggregate(const Node& node, State& state) {
    ++epoch_;
    counts_.clear();
    for (const Element& e : child(node, 0)) {
        const LabelId group = groupOf(node, state, e.labels);
        Mark& seen = mark(group);
        if (seen.epoch != epoch_) {
            seen = Mark{epoch_, static_cast<std::uint32_t>(state.out.size())};
            Element first = e;
            first.labels = group;
            state.out.push_back(first);
            counts_.push_back(1.0);
            continue;
        }
        Element& into = state.out[seen.index];
        const double count = counts_[seen.index] += 1.0;
        switch (node.aggregator) {
        case Aggregator::sum:
            into.value += e.value;
            break;
        case Aggregator::min:
            if (into.value > e.value || std::isnan(into.value)) into.value = e.value;
            break;
        case Aggregator::max:
            if (into.value < e.value || std::isnan(into.value)) into.value = e.value;
            break;
        case Aggregator::avg:
            if (std::isinf(into.value)) {
                if (std::isinf(e.value) && (into.value > 0) == (e.value > 0)) break;
                if (std::isfinite(e.value)) break;
            }
            into.value += e.value / count - into.value / count;
            break;
        case Aggregator::count:
            break;
        }
    }
    if (node.aggregator == Aggregator::count) {
        for (std::size_t i = 0; i < state.out.size(); ++i)
            state.out[i].value = counts_[i];
    }
}

void Evaluation::negate(const Node& node, State& state) {
    for (Element element : child(node, 0)) {
        element.value = -element.value;
        element.labels = withoutName(element.labels);
        state.out.push_back(element);
    }
}

Status Evaluation::checkUnique(const Node& node, const Vector& out) {
    if (out.size() < 2) return {};
    ++epoch_;
    for (const Element& e : out) {
        Mark& seen = mark(e.labels);
        if (seen.epoch == epoch_) {
            return failAt(node.column,
                          fmt::format("two elements of the result have the same labels {}; keep a "
                                      "label that tells them apart, or aggregate",
                                      pool_[e.labels].text()));
        }
        seen.epoch = epoch_;
    }
    return {};
}

} // namespace promql

PromEvaluator::PromEvaluator(const SeriesStore& store, PromQuery query, Options options)
    : query_(std::move(query)), evaluation_(std::make_unique<promql::Evaluation>(
                                    store, query_.expression(), options.lookback)) {}
PromEvaluator::PromEvaluator(PromEvaluator&&) noexcept = default;
PromEvaluator& PromEvaluator::operator=(PromEvaluator&&) noexcept = default;
PromEvaluator::~PromEvaluator() = default;

Status PromEvaluator::checkReach() const {
    return evaluation_->checkReach();
}
Result<const QueryResult*> PromEvaluator::evaluate(Time at) {
    return evaluation_->evaluate(at);
}

} // namespace penstock::sim
