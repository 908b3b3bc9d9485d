// SPDX-License-Identifier: Apache-2.0
// Operators, signs and parentheses; what stands between them is in promql_operands.cpp.
#include "engine/metrics/promql_parser.h"

#include "engine/metrics/labels.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::metrics {

namespace promql {

namespace {

constexpr int kUnaryOperandPrecedence = 6; // -a ^ b is -(a ^ b), but -a * b is (-a) * b

} // namespace

bool equalsIgnoringCase(std::string_view a, std::string_view lower) {
    return a.size() == lower.size() &&
           std::equal(a.begin(), a.end(), lower.begin(), [](char x, char y) {
               return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
           });
}

bool Matcher::matches(std::string_view labelValue) const {
    switch (kind) {
    case Kind::equal:
        return labelValue == value;
    case Kind::notEqual:
        return labelValue != value;
    case Kind::regex:
        return RE2::FullMatch(labelValue, *regex);
    case Kind::notRegex:
        return !RE2::FullMatch(labelValue, *regex);
    }
    return false;
}

std::string_view typeName(ValueType type) {
    switch (type) {
    case ValueType::scalar:
        return "a scalar";
    case ValueType::vector:
        return "an instant vector";
    case ValueType::matrix:
        return "a range vector";
    }
    return "";
}

Result<std::vector<Node>> Parser::run() {
    if (token().kind == TokenKind::end) {
        return failAt(1, "the query is empty; an example is 1 - up{job=\"vllm\"}");
    }
    const Result<Node::Index> root = binary(1);
    if (!root) return fail(root.error());
    if (token().kind != TokenKind::end) {
        return unexpected("an operator or the end of the query");
    }
    if (nodes_[*root].type == ValueType::matrix) {
        return failAt(nodes_[*root].column,
                      "the query is a range vector and gives no value at an instant; put a "
                      "function around it, as in avg_over_time(x[5m])");
    }
    return std::move(nodes_);
}

bool Parser::isWord(std::string_view keyword, std::size_t ahead) const {
    return token(ahead).kind == TokenKind::word && equalsIgnoringCase(token(ahead).text, keyword);
}

bool Parser::take(TokenKind kind) {
    if (token().kind != kind) return false;
    ++position_;
    return true;
}

tl::unexpected<Error> Parser::unexpected(std::string_view wanted) const {
    const Token& t = token();
    if (t.kind == TokenKind::end) {
        return failAt(t.column, fmt::format("the query ends where {} was expected", wanted));
    }
    return failAt(t.column, fmt::format("unexpected {}: {} was expected", t.text, wanted));
}

Node::Index Parser::add(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<Index>(nodes_.size() - 1);
}

std::optional<Parser::BinaryToken> Parser::binaryOperator() const {
    switch (token().kind) {
    case TokenKind::equal:
        return BinaryToken{Op::eq, 3};
    case TokenKind::notEqual:
        return BinaryToken{Op::ne, 3};
    case TokenKind::greater:
        return BinaryToken{Op::gt, 3};
    case TokenKind::less:
        return BinaryToken{Op::lt, 3};
    case TokenKind::greaterEqual:
        return BinaryToken{Op::ge, 3};
    case TokenKind::lessEqual:
        return BinaryToken{Op::le, 3};
    case TokenKind::plus:
        return BinaryToken{Op::add, 4};
    case TokenKind::minus:
        return BinaryToken{Op::sub, 4};
    case TokenKind::star:
        return BinaryToken{Op::mul, 5};
    case TokenKind::slash:
        return BinaryToken{Op::div, 5};
    case TokenKind::percent:
        return BinaryToken{Op::mod, 5};
    case TokenKind::caret:
        return BinaryToken{Op::pow, 6};
    case TokenKind::word:
        if (isWord("or")) return BinaryToken{Op::setOr, 1};
        if (isWord("and")) return BinaryToken{Op::setAnd, 2};
        if (isWord("unless")) return BinaryToken{Op::setUnless, 2};
        return std::nullopt;
    default:
        return std::nullopt;
    }
}

tl::unexpected<Error> Parser::tooDeep() const {
    return failAt(token().column,
                  fmt::format("the query nests deeper than {} levels", kMaxQueryDepth));
}

Result<Node::Index> Parser::nested(int minimum) {
    if (depth_ == kMaxQueryDepth) return tooDeep();
    ++depth_;
    Result<Index> inner = binary(minimum);
    --depth_;
    return inner;
}

Result<Node::Index> Parser::binary(int minimum) {
    Result<Index> left = unary();
    if (!left) return left;
    while (true) {
        if (isWord("atan2")) {
            return failAt(token().column, "the operator atan2 is not supported; supported are "
                                          "+ - * / % ^ == != > < >= <= and or unless");
        }
        const auto found = binaryOperator();
        if (!found || found->precedence < minimum) return left;
        Node node;
        node.kind = Node::Kind::binary;
        node.column = token().column;
        node.op = found->op;
        ++position_;
        const Status modified = binaryModifiers(node);
        if (!modified) return fail(modified.error());
        // ^ alone groups from the right.
        const bool rightAssociative = found->op == Op::pow;
        const Result<Index> right =
            rightAssociative ? nested(found->precedence) : binary(found->precedence + 1);
        if (!right) return right;
        node.children = {*left, *right, 0};
        node.childCount = 2;
        const Status typed = checkBinary(node);
        if (!typed) return fail(typed.error());
        left = add(std::move(node));
    }
}

Status Parser::binaryModifiers(Node& node) {
    if (isWord("bool")) {
        if (!isComparison(node.op)) {
            return failAt(token().column, "bool may only follow a comparison operator");
        }
        node.returnBool = true;
        ++position_;
    }
    if (!isWord("on") && !isWord("ignoring")) {
        if (isWord("group_left") || isWord("group_right")) {
            return failAt(token().column,
                          fmt::format("{} must follow on(…) or ignoring(…)", token().text));
        }
        return {};
    }
    node.on = isWord("on");
    matchingColumn_ = token().column;
    ++position_;
    Result<std::vector<std::string>> labels = labelList();
    if (!labels) return fail(labels.error());
    node.labels = std::move(*labels);
    const bool left = isWord("group_left");
    if (!left && !isWord("group_right")) return {};
    const int column = token().column;
    if (isSet(node.op)) {
        return failAt(column, fmt::format("{} does not go with and, or, unless", token().text));
    }
    node.cardinality = left ? Cardinality::manyToOne : Cardinality::oneToMany;
    ++position_;
    if (token().kind != TokenKind::leftParen) return {};
    Result<std::vector<std::string>> include = labelList();
    if (!include) return fail(include.error());
    node.include = std::move(*include);
    for (const std::string& label : node.include) {
        if (node.on &&
            std::find(node.labels.begin(), node.labels.end(), label) != node.labels.end()) {
            return failAt(column, fmt::format("the label {} must not be both in on(…) and in "
                                              "group_left(…) or group_right(…)",
                                              label));
        }
    }
    return {};
}

Status Parser::checkBinary(Node& node) {
    const Node& left = nodes_[node.children[0]];
    const Node& right = nodes_[node.children[1]];
    for (const Node* side : {&left, &right}) {
        if (side->type == ValueType::matrix) {
            return failAt(side->column, "an operator takes scalars and instant vectors, not a "
                                        "range vector; put a function around it");
        }
    }
    const bool bothScalar =
        left.type == ValueType::scalar && right.type == promql::ValueType::scalar;
    const bool bothVector = left.type == ValueType::vector && right.type == ValueType::vector;
    if (bothScalar && isComparison(node.op) && !node.returnBool) {
        return failAt(node.column, "a comparison of two scalars must use bool, as in 1 > bool 2");
    }
    if (!bothVector && isSet(node.op)) {
        return failAt(node.column, "and, or, unless take instant vectors on both sides");
    }
    if (!bothVector && !node.labels.empty()) {
        return failAt(matchingColumn_, "labels can be matched only between instant vectors");
    }
    node.type = bothScalar ? ValueType::scalar : ValueType::vector;
    return {};
}

Result<Node::Index> Parser::unary() {
    const bool minus = token().kind == TokenKind::minus;
    if (!minus && token().kind != TokenKind::plus) return primary();
    const int column = token().column;
    ++position_;
    const Result<Index> operand = nested(kUnaryOperandPrecedence);
    if (!operand) return operand;
    const ValueType type = nodes_[*operand].type;
    if (type == ValueType::matrix) {
        return failAt(column, "a sign goes before a scalar or an instant vector, not before a "
                              "range vector");
    }
    if (!minus) return operand;
    Node node;
    node.kind = Node::Kind::negate;
    node.type = type;
    node.column = column;
    node.children = {*operand, 0, 0};
    node.childCount = 1;
    return add(std::move(node));
}

Result<Node::Index> Parser::primary() {
    const Token& first = token();
    switch (first.kind) {
    case TokenKind::number: {
        const Result<double> value = parseNumber(first);
        if (!value) return fail(value.error());
        ++position_;
        return number(*value, first.column);
    }
    case TokenKind::leftParen: {
        ++position_;
        const Result<Index> inner = nested(1);
        if (!inner) return inner;
        if (!take(TokenKind::rightParen)) return unexpected("')'");
        return withoutPostfix(*inner);
    }
    case TokenKind::leftBrace:
    case TokenKind::metricWord:
        return selector();
    case TokenKind::word:
        return word();
    case TokenKind::string:
        return failAt(first.column, "a string is no query; strings stand only in matchers, as "
                                    "in up{job=\"vllm\"}");
    case TokenKind::duration:
        return failAt(first.column, fmt::format("the duration {} stands only in brackets and "
                                                "after offset",
                                                first.text));
    default:
        return unexpected("a number, a selector, a function or '('");
    }
}

Result<Node::Index> Parser::number(double value, int column) {
    Node node;
    node.kind = Node::Kind::number;
    node.column = column;
    node.number = value;
    return withoutPostfix(add(std::move(node)));
}

Result<Node::Index> Parser::withoutPostfix(Index index) {
    if (token().kind == TokenKind::leftBracket) {
        const std::size_t colon = position_ + 2;
        if (colon < tokens_.size() && tokens_[colon].kind == TokenKind::colon) {
            return unsupportedSubquery();
        }
        return failAt(token().column, "a range goes only after a selector, as in x[5m]");
    }
    if (isWord("offset")) {
        return failAt(token().column, "offset goes only after a selector, as in x offset 5m");
    }
    if (token().kind == TokenKind::at) return unsupportedAt();
    return index;
}

tl::unexpected<Error> Parser::unsupportedSubquery() const {
    return failAt(token().column, "subqueries, as in x[5m:1m], are not supported; supported are "
                                  "ranges of a selector, as in x[5m]");
}

tl::unexpected<Error> Parser::unsupportedAt() const {
    return failAt(token().column, "the @ modifier is not supported; offset is, as in x offset 5m");
}

} // namespace promql

Result<PromQuery> PromQuery::parse(std::string_view text) {
    if (text.size() > kMaxQueryBytes) {
        return fail(fmt::format("PromQL: the query has {} bytes; at most {} are allowed",
                                text.size(), kMaxQueryBytes));
    }
    auto expression = std::make_shared<promql::Expression>();
    expression->text = text;
    Result<std::vector<promql::Token>> tokens = promql::tokenize(expression->text);
    if (!tokens) return fail(tokens.error());
    promql::Parser parser(std::move(*tokens));
    Result<std::vector<promql::Node>> nodes = parser.run();
    if (!nodes) return fail(nodes.error());
    expression->nodes = std::move(*nodes);
    expression->reachMs = parser.reachMs();
    return PromQuery(std::move(expression));
}

const std::string& PromQuery::text() const {
    return expression_->text;
}

bool PromQuery::givesScalar() const {
    return expression_->nodes.back().type == promql::ValueType::scalar;
}

std::vector<std::string> PromQuery::timestampQueries() const {
    std::vector<std::string> queries;
    for (const promql::Node& node : expression_->nodes) {
        if (node.kind == promql::Node::Kind::range) return {};
        if (node.kind != promql::Node::Kind::selector) continue;
        if (!promql::namesOneMetric(node)) return {};
        std::string text;
        for (const promql::Matcher& matcher : node.matchers) {
            static constexpr const char* kOperators[] = {"=", "!=", "=~", "!~"};
            text += fmt::format("{}{}{}\"{}\"", text.empty() ? "" : ",", matcher.name,
                                kOperators[static_cast<std::size_t>(matcher.kind)],
                                escapeLabelValue(matcher.value));
        }
        text = "{" + text + "}";
        if (node.offsetMs != 0) {
            text += fmt::format(" offset {}{}ms", node.offsetMs < 0 ? "-" : "",
                                std::abs(node.offsetMs));
        }
        queries.push_back("timestamp(" + text + ")");
    }
    return queries;
}

Duration PromQuery::reach() const {
    return std::chrono::milliseconds(expression_->reachMs);
}

} // namespace penstock::metrics
