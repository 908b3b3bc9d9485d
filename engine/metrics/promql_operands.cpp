// SPDX-License-Identifier: Apache-2.0
// What stands between operators: selectors, aggregations and function calls.
#include "engine/metrics/labels.h"
#include "engine/metrics/promql_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace penstock::metrics::promql {

namespace {

struct NamedFunction {
    std::string_view name;
    Function function;
    ValueType result;
    std::vector<ValueType> arguments;
};

const std::vector<NamedFunction>& functions() {
    using enum ValueType;
    static const std::vector<NamedFunction> kFunctions = {
        {"abs", Function::abs, vector, {vector}},
        {"avg_over_time", Function::avgOverTime, vector, {matrix}},
        {"clamp", Function::clamp, vector, {vector, scalar, scalar}},
        {"clamp_max", Function::clampMax, vector, {vector, scalar}},
        {"clamp_min", Function::clampMin, vector, {vector, scalar}},
        {"count_over_time", Function::countOverTime, vector, {matrix}},
        {"delta", Function::delta, vector, {matrix}},
        {"increase", Function::increase, vector, {matrix}},
        {"last_over_time", Function::lastOverTime, vector, {matrix}},
        {"max_over_time", Function::maxOverTime, vector, {matrix}},
        {"min_over_time", Function::minOverTime, vector, {matrix}},
        {"rate", Function::rate, vector, {matrix}},
        {"scalar", Function::scalar, scalar, {vector}},
        {"sum_over_time", Function::sumOverTime, vector, {matrix}},
        {"vector", Function::vector, vector, {scalar}},
    };
    return kFunctions;
}

} // namespace

Result<Node::Index> Parser::word() {
    const Token& first = token();
    const TokenKind next = token(1).kind;
    if (equalsIgnoringCase(first.text, "inf")) {
        ++position_;
        return number(std::numeric_limits<double>::infinity(), first.column);
    }
    if (equalsIgnoringCase(first.text, "nan")) {
        ++position_;
        return number(std::numeric_limits<double>::quiet_NaN(), first.column);
    }
    static constexpr std::pair<std::string_view, Aggregator> kAggregators[] = {
        {"sum", Aggregator::sum},
        {"avg", Aggregator::avg},
        {"min", Aggregator::min},
        {"max", Aggregator::max},
        {"count", Aggregator::count}};
    static constexpr std::string_view kOtherAggregators[] = {
        "bottomk", "count_values", "group", "quantile", "stddev", "stdvar", "topk"};
    const bool called = next == TokenKind::leftParen || isWord("by", 1) || isWord("without", 1);
    if (called) {
        for (const auto& [name, aggregator] : kAggregators) {
            if (equalsIgnoringCase(first.text, name)) return aggregation(aggregator);
        }
        for (const std::string_view name : kOtherAggregators) {
            if (equalsIgnoringCase(first.text, name)) {
                return failAt(first.column,
                              fmt::format("the aggregation {} is not supported; supported are "
                                          "sum, avg, min, max, count",
                                          name));
            }
        }
    }
    if (next == TokenKind::leftParen) return call();
    for (const std::string_view reserved :
         {"bool", "on", "ignoring", "group_left", "group_right", "atan2"}) {
        if (equalsIgnoringCase(first.text, reserved)) {
            return unexpected("a number, a selector, a function or '('");
        }
    }
    return selector();
}

Result<std::vector<std::string>> Parser::labelList() {
    if (!take(TokenKind::leftParen)) return unexpected("'(' and a list of labels");
    std::vector<std::string> labels;
    while (!take(TokenKind::rightParen)) {
        if (token().kind != TokenKind::word) return unexpected("a label name");
        labels.emplace_back(token().text);
        ++position_;
        if (!take(TokenKind::comma) && token().kind != TokenKind::rightParen) {
            return unexpected("',' or ')'");
        }
    }
    std::sort(labels.begin(), labels.end());
    labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
    return labels;
}

Result<bool> Parser::grouping(Node& node) {
    if (!isWord("by") && !isWord("without")) return false;
    node.without = isWord("without");
    ++position_;
    Result<std::vector<std::string>> labels = labelList();
    if (!labels) return fail(labels.error());
    node.labels = std::move(*labels);
    return true;
}

Result<std::vector<Node::Index>> Parser::arguments() {
    if (!take(TokenKind::leftParen)) return unexpected("'('");
    std::vector<Index> out;
    if (take(TokenKind::rightParen)) return out;
    while (true) {
        const Result<Index> argument = nested(1);
        if (!argument) return fail(argument.error());
        out.push_back(*argument);
        if (take(TokenKind::rightParen)) return out;
        if (!take(TokenKind::comma)) return unexpected("',' or ')'");
    }
}

Result<Node::Index> Parser::aggregation(Aggregator aggregator) {
    const Token name = token();
    Node node;
    node.kind = Node::Kind::aggregate;
    node.type = ValueType::vector;
    node.column = name.column;
    node.aggregator = aggregator;
    ++position_;
    const Result<bool> before = grouping(node);
    if (!before) return fail(before.error());
    const Result<std::vector<Index>> inner = arguments();
    if (!inner) return fail(inner.error());
    if (!*before) {
        const Result<bool> after = grouping(node);
        if (!after) return fail(after.error());
    }
    if (inner->size() != 1) {
        return failAt(name.column,
                      fmt::format("{} takes one argument, not {}", name.text, inner->size()));
    }
    const Node& operand = nodes_[inner->front()];
    if (operand.type != ValueType::vector) {
        return failAt(operand.column, fmt::format("{} takes an instant vector, not {}", name.text,
                                                  typeName(operand.type)));
    }
    node.children = {inner->front(), 0, 0};
    node.childCount = 1;
    return withoutPostfix(add(std::move(node)));
}

Result<Node::Index> Parser::call() {
    const Token name = token();
    const auto& known = functions();
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& f) { return f.name == name.text; });
    if (found == known.end()) {
        std::string names;
        for (const NamedFunction& f : known) {
            if (!names.empty()) names += ", ";
            names += f.name;
        }
        return failAt(name.column, fmt::format("the function {} is not supported; supported "
                                               "are {}",
                                               name.text, names));
    }
    ++position_;
    const Result<std::vector<Index>> given = arguments();
    if (!given) return fail(given.error());
    if (given->size() != found->arguments.size()) {
        return failAt(name.column,
                      fmt::format("{} takes {} argument{}, not {}", name.text,
                                  found->arguments.size(), found->arguments.size() == 1 ? "" : "s",
                                  given->size()));
    }
    Node node;
    node.kind = Node::Kind::call;
    node.type = found->result;
    node.column = name.column;
    node.function = found->function;
    for (std::size_t i = 0; i < given->size(); ++i) {
        const Node& argument = nodes_[(*given)[i]];
        if (argument.type != found->arguments[i]) {
            return failAt(argument.column,
                          fmt::format("{} takes {} here, not {}{}", name.text,
                                      typeName(found->arguments[i]), typeName(argument.type),
                                      found->arguments[i] == ValueType::matrix
                                          ? "; write a range, as in x[5m]"
                                          : ""));
        }
        node.children[i] = (*given)[i];
    }
    node.childCount = static_cast<std::uint8_t>(given->size());
    return withoutPostfix(add(std::move(node)));
}

Result<Node::Index> Parser::selector() {
    Node node;
    node.kind = Node::Kind::selector;
    node.type = ValueType::vector;
    node.column = token().column;
    std::string_view name;
    if (token().kind != TokenKind::leftBrace) {
        name = token().text;
        node.matchers.push_back(
            Matcher{Matcher::Kind::equal, std::string(kMetricName), std::string(name), nullptr});
        ++position_;
    }
    if (take(TokenKind::leftBrace)) {
        const Status matched = matchers(node, name);
        if (!matched) return fail(matched.error());
    }
    const auto restricts = [](const Matcher& m) { return !m.matches(""); };
    if (std::none_of(node.matchers.begin(), node.matchers.end(), restricts)) {
        return failAt(node.column, "a selector needs a metric name or at least one matcher that "
                                   "does not match the empty string");
    }
    const Status after = selectorPostfix(node);
    if (!after) return fail(after.error());
    const std::int64_t window = node.kind == Node::Kind::range ? node.rangeMs : kDefaultLookbackMs;
    reachMs_ = std::max(reachMs_, window + node.offsetMs);
    return add(std::move(node));
}

Status Parser::matchers(Node& node, std::string_view name) {
    while (!take(TokenKind::rightBrace)) {
        if (token().kind != TokenKind::word) return unexpected("a label name or '}'");
        Matcher matcher;
        const Token label = token();
        matcher.name = label.text;
        ++position_;
        switch (token().kind) {
        case TokenKind::assign:
            matcher.kind = Matcher::Kind::equal;
            break;
        case TokenKind::notEqual:
            matcher.kind = Matcher::Kind::notEqual;
            break;
        case TokenKind::regexMatch:
            matcher.kind = Matcher::Kind::regex;
            break;
        case TokenKind::regexNotMatch:
            matcher.kind = Matcher::Kind::notRegex;
            break;
        default:
            return unexpected("=, !=, =~ or !~");
        }
        ++position_;
        if (token().kind != TokenKind::string) return unexpected("a string in quotes");
        const Token value = token();
        matcher.value = value.value;
        ++position_;
        if (matcher.kind == Matcher::Kind::regex || matcher.kind == Matcher::Kind::notRegex) {
            RE2::Options options;
            options.set_log_errors(false);
            // Bounds what one pattern of a bad scenario may cost; RE2's own default is 8 MiB.
            options.set_max_mem(1 << 20);
            auto regex = std::make_shared<RE2>(matcher.value, options);
            if (!regex->ok()) {
                return failAt(value.column,
                              fmt::format("bad regular expression: {}", regex->error()));
            }
            matcher.regex = std::move(regex);
        }
        if (!name.empty() && matcher.name == kMetricName) {
            return failAt(label.column, fmt::format("the metric name is set twice: before the "
                                                    "braces it is {}",
                                                    name));
        }
        node.matchers.push_back(std::move(matcher));
        if (!take(TokenKind::comma) && token().kind != TokenKind::rightBrace) {
            return unexpected("',' or '}'");
        }
    }
    return {};
}

Status Parser::selectorPostfix(Node& node) {
    bool offsetGiven = false;
    while (true) {
        if (token().kind == TokenKind::at) return unsupportedAt();
        if (token().kind == TokenKind::leftBracket) {
            if (token(2).kind == TokenKind::colon) return unsupportedSubquery();
            if (node.kind == Node::Kind::range) {
                return failAt(token().column, "a selector takes one range only");
            }
            if (offsetGiven) {
                return failAt(token().column, "offset goes after the range, as in "
                                              "x[5m] offset 1h");
            }
            ++position_;
            if (token().kind != TokenKind::duration) return unexpected("a duration");
            const Result<std::int64_t> range = parseDurationMs(token());
            if (!range) return fail(range.error());
            ++position_;
            if (!take(TokenKind::rightBracket)) return unexpected("']'");
            node.kind = Node::Kind::range;
            node.type = ValueType::matrix;
            node.rangeMs = *range;
            continue;
        }
        if (!isWord("offset")) return {};
        if (offsetGiven) return failAt(token().column, "offset is given twice");
        ++position_;
        const bool negative = take(TokenKind::minus);
        if (token().kind != TokenKind::duration) return unexpected("a duration");
        const Result<std::int64_t> offset = parseDurationMs(token());
        if (!offset) return fail(offset.error());
        ++position_;
        node.offsetMs = negative ? -*offset : *offset;
        offsetGiven = true;
    }
}

} // namespace penstock::metrics::promql
